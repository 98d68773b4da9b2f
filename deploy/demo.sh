#!/usr/bin/env bash
# The demo: real sheets, one simulated month, a facility's state, a conflict explained, "no written policy", coverage, and pages.
# Expects CUSTODY to name the installed command; leaves its ledger in .demo/ to look around in.
set -euo pipefail
cd "$(dirname "$0")/.."
custody=${CUSTODY:-custody}
data=adapters/importers/data
export CUSTODY_LEDGER=.demo/custody.db
moment=2026-01-25  # the stories have happened by then
rm -rf .demo && mkdir -p .demo

step() { printf '\n\033[1m== %s\033[0m\n' "$1"; }
run() { printf '$ custody %s\n' "$*"; "$custody" "$@"; }

step "1. ICE's own lists of 287(g) agreements: 301 dated sheets for Minnesota, one national sheet"
run import ice-287g $data/mn_287g_sheet_observations.csv
run import ice-287g $data/ice_participatingAgencies_2026-05-18am.csv

step "2. One simulated month, every event labelled synthetic, and two made-up cases to follow"
run simulate --events 20000 --seed 2026 --from 2026-01-01 --until 2026-01-31
run import events deploy/stories.jsonl

step "3. What ICE had published by 28 March 2025 about Freeborn, and what is known now"
run agreements --county Freeborn --published 2025-03-28
run agreements --county Freeborn

step "4. Who was in custody in Freeborn County at noon on 17 January 2026"
run state mn-freeborn-jail --at 2026-01-17T12:00

step "5. A hold past release in Freeborn: the agreement and the Attorney General's opinion conflict"
run explain mn-freeborn-jail.story-1 --decision-point hold_past_release

step "6. A hand-over in a county without a written policy"
run explain mn-cook-jail.story-2 --decision-point hand_over

step "7. What the rules say at every facility and decision point on 20 January 2026"
run rules coverage --at 2026-01-20

step "8. Where what was cited, derived and done differ in Freeborn: findings, not verdicts"
run findings --facility mn-freeborn-jail --kind done_where_conflict

step "9. Nothing was altered"
run verify
step "10. The same for people, in a browser"
run import claims $data/claims.yaml
"$custody" projections rebuild
"$custody" counts release 2026-Q1 > /dev/null
log=.demo/serve.log
"$custody" serve --open-as oversight --port 0 2> $log &
server=$!
trap 'kill $server 2> /dev/null || true' EXIT
"$(dirname "$custody")/python" deploy/answers.py $log "/?at=$moment"
kill $server
wait $server || true
trap - EXIT

printf '\nThe ledger is .demo/custody.db. To look around in it:\n\n'
printf '  CUSTODY_LEDGER=.demo/custody.db %s serve --open-as oversight     (or: make pages)\n' "$custody"
printf '  then open  http://127.0.0.1:8000/?at=%s\n' "$moment"

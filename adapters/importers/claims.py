"""Claims written down in a file: numbers that somebody said in public. Strict YAML, one entry a claim:

schema: custody-claims/1
claims:
- claim: doc-84
  asserted_by: mn-doc
  value: 84
  unit: people
  words: "..."
  mark: found            # found, memory or computed
  ...                    # adapters.importers.claim_bodies has every field
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from adapters.importers.claim_bodies import claim_body
from adapters.importers.port import ImportContext, Refusal, RowOutcome
from adapters.importers.tables import read_lines
from adapters.rules.strict_yaml import parse_strict_yaml
from domain.errors import InputRefused

SCHEMA = "custody-claims/1"
VIA = "import/claims"


class ClaimsImporter:
    """Reads a file of claims; rows are numbered by claim."""

    kind = "claims"

    def propose(self, path: Path, context: ImportContext) -> Iterator[RowOutcome]:  # noqa: ARG002 - the port's shape
        """Yield one outcome a claim; raise InputRefused as `read_lines` does, or bad_yaml, bad_claims."""
        text = b"\n".join(line.raw for line in read_lines(path))
        try:
            document = parse_strict_yaml(text.decode(), path.name).value
        except UnicodeDecodeError as error:
            what = f"the file is not UTF-8: {error.reason}"
            raise InputRefused("wrong_encoding", what, where=path.name, mend="save it as UTF-8") from None
        claims = document.get("claims") if isinstance(document, dict) and document.get("schema") == SCHEMA else None
        if not isinstance(claims, list):
            what = f"a file of claims is a mapping of schema: {SCHEMA}, and claims: a list"
            raise InputRefused("bad_claims", what, where=path.name, mend="see docs/counts.md")
        return (_outcome(number, claim) for number, claim in enumerate(claims, 1))


def _outcome(number: int, claim: object) -> RowOutcome:
    try:
        return RowOutcome(number, (claim_body(claim, via=VIA),))
    except InputRefused as refusal:
        return RowOutcome(number, refusals=(Refusal.of(number, refusal),))

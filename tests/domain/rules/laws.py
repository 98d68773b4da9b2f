"""Laws that hold for every pack and any facts: each takes determinations and fails where it is broken."""

from __future__ import annotations

from domain.canonical import canonical_bytes
from domain.rules.pack import Status
from domain.rules.trace import Determination, Standing
from domain.rules.vocabulary import VOCABULARY
from tests.domain.rules.theories import SCOPES

SETTLED = {
    Standing.STANDS: {Standing.STANDS},
    Standing.FAILS: {Standing.FAILS},
    Standing.DEFEATED: {Standing.DEFEATED, Standing.FAILS},  # it can turn out to fail of itself
}


def bytes_of(found: Determination) -> bytes:
    """Return what two parties compare."""
    return canonical_bytes(found.as_json())


def missing_facts(found: Determination) -> list[str]:
    """Return the missing facts that somebody can learn: not dates, court stops or how a text is read."""
    return [name for name in found.missing if name in VOCABULARY]


def check_learning_settles(before: Determination, after: Determination) -> None:
    """What was settled stays so when more is known: the status, where each rule ended up, each condition."""
    if before.status is not Status.UNDETERMINED:
        assert after.status is before.status
    standing = {trace.rule.id: trace.standing for trace in after.rules}
    for trace in before.rules:
        if trace.standing is not Standing.UNKNOWN:
            assert standing.get(trace.rule.id, Standing.FAILS) in SETTLED[trace.standing], trace.rule.id
    known = {(trace.rule.id, atom.id, atom.says): atom.value for trace in after.rules for atom in trace.atoms}
    for trace in before.rules:
        for atom in trace.atoms:
            if atom.value is not None:
                assert known.get((trace.rule.id, atom.id, atom.says), atom.value) is atom.value, trace.rule.id


def check_unknown_is_never_false(found: Determination) -> None:
    """A rule fails only if something known makes it fail; one that is left unknown names what would settle it."""
    for trace in found.rules:
        values = [atom.value for atom in trace.atoms]
        if trace.standing is Standing.FAILS:
            assert False in values, trace.rule.id
        if trace.standing is Standing.UNKNOWN and None in values and not trace.rule.fallback:
            assert trace.missing, trace.rule.id
        if trace.missing:
            assert None in values, trace.rule.id
            assert False not in [atom.value for atom in trace.atoms if not trace.rule.fallback], trace.rule.id
    assert bool(found.missing) == (found.status is Status.UNDETERMINED)


def facts_shown(found: Determination) -> set[str]:
    """Return the facts that the trace rests on: those in a condition, and those that say whom a rule binds."""
    conditions = {name for trace in found.rules for atom in trace.atoms for name in atom.facts}
    scopes = [trace.rule.scope for trace in found.rules]
    return conditions | {name for name, field in SCOPES.items() if any(getattr(scope, field) for scope in scopes)}


def check_change_is_shown(before: Determination, after: Determination, changed: str) -> None:
    """A fact that makes any difference is one that the old or the new trace rests on."""
    one, other = before.as_json(), after.as_json()
    different = [key for key in one if key != "facts_digest" and one[key] != other[key]]
    assert not different or changed in facts_shown(before) | facts_shown(after), different

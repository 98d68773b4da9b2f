"""The one sentence that answers: at which decision point, when, for whom, which status, under which rules."""

from __future__ import annotations

from domain.events.fields import Modality
from domain.rules.pack import Status
from domain.rules.trace import Determination
from projections.explained.wording import ACT, Phrase, Piece, listed, open_question, spaced

SAYS = {
    Modality.PROHIBITION: "that it may not",
    Modality.OBLIGATION: "that it must",
    Modality.PERMISSION: "that it may",
}
ONE_SIDED = {
    Status.PROHIBITED: Modality.PROHIBITION,
    Status.REQUIRED: Modality.OBLIGATION,
    Status.PERMITTED: Modality.PERMISSION,
}
NO_SIDE = "no rule that was considered says that it must, may or may not"


def answer_words(determination: Determination, when: Phrase, whom: str) -> Phrase:
    """Return the sentence; `whom` names the custodian."""
    point, status = spaced(determination.decision_point.value), spaced(determination.status.value)
    head = f", the status for {whom} was {status}: {_under(determination)}."
    return (Piece(f"At {point}, "), *when, Piece(head))


def _under(determination: Determination) -> str:
    act = ACT[determination.decision_point]
    status = determination.status
    if status is Status.UNDETERMINED:
        open_questions = listed([open_question(name) for name in determination.missing])
        return f"whether it must, may or may not {act} turns on what is not known: {open_questions}"
    if status is Status.CONFLICT:
        first, *others = filter(None, (_say(determination, modality) for modality in SAYS))
        return f"{first} {act}; {'; '.join(others)}; the ledger does not resolve it"
    if status in ONE_SIDED:
        return f"{_say(determination, ONE_SIDED[status])} {act}"
    return f"{NO_SIDE} {act}{_no_written_policy(determination)}{_asked(determination)}"


def _standing(determination: Determination, modality: Modality) -> list[str]:
    return sorted(trace.rule.id for trace in determination.standing if trace.modality is modality)


def _say(determination: Determination, modality: Modality) -> str:
    """Write `A and B say that it may not`, or nothing if no such rule stands."""
    rules = _standing(determination, modality)
    return f"{listed(rules)} {'says' if len(rules) == 1 else 'say'} {SAYS[modality]}" if rules else ""


def _no_written_policy(determination: Determination) -> str:
    rules = _standing(determination, Modality.NO_RULE)
    return f", and no written policy of its own was found that speaks to this ({listed(rules)})" if rules else ""


def _asked(determination: Determination) -> str:
    rules = _standing(determination, Modality.REQUEST)
    return f"; {listed(rules)} {'requests' if len(rules) == 1 else 'request'} it" if rules else ""

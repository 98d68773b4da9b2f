"""Duties: what a custodian was asked or bound to do for one person, when that began, and when it was recorded as done.

    ask_status                 from commitment, until nationality was asked
    commitment_notice          from the answer that the person is no citizen (else from commitment), until notice
    release_notice             from a form's receipt, or a request, until notice of release
    serve_detainer             from a form's receipt, until it was served on the person; each form
    answer_detainer            from a form's receipt, until it was answered, disputed or not honoured; each form
    report_citizenship_claim   from the claim; no event tells of the report

These are the facts. Which rule asks for it, and by when, `projections.owed` derives when asked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from domain.events import detainer, episode, handoff
from projections.folding.seen import Seen, first_of, json_text
from projections.folding.table import Kind, Row, Table, Values
from projections.handoffs import lead_minutes

DUTIES = Table(
    "duties",
    {
        "episode": Kind.TEXT,
        "duty": Kind.TEXT,
        "facility": Kind.TEXT,
        "subject": Kind.TEXT,
        "detainer": Kind.TEXT,
        "started": Kind.INSTANT,
        "done": Kind.INSTANT,
        "withheld": Kind.INSTANT,
        "lead_minutes": Kind.INTEGER,
        "started_at": Kind.MOMENT,
        "events": Kind.POSITIONS,
    },
    "duties of a custodian towards a person or a form; done is null until it is recorded",
    listed_by="started_at",
)

COMMITTED, INQUIRED = episode.CommittedToInstitution.TYPE, episode.NationalityInquired.TYPE
NOTIFIED = episode.CommitmentNoticeSent.TYPE
RECEIVED = (detainer.DetainerReceived.TYPE, detainer.DetainerAcknowledged.TYPE)
SERVED = detainer.DetainerServedOnSubject.TYPE
ANSWERED = (
    detainer.DetainerResponseDecided.TYPE,
    detainer.DetainerDisputed.TYPE,
    detainer.DetainerNotHonored.TYPE,
)
REQUESTED, SENT = handoff.ReleaseNoticeRequested.TYPE, handoff.ReleaseNoticeSent.TYPE
WITHHELD = handoff.NoticeWithheld.TYPE
CLAIMED = handoff.CitizenshipClaimAsserted.TYPE
NON_CITIZEN = episode.NationalityResult.NON_CITIZEN.value
WHOM = ("facility", "subject")
WHAT = (*WHOM, "episode")
FAR = 2**62
DUTY_OF = {  # the types that are looked at together, by one of them
    **dict.fromkeys((COMMITTED, INQUIRED, NOTIFIED), COMMITTED),
    **dict.fromkeys((SENT, WITHHELD, REQUESTED), SENT),
    **dict.fromkeys((*RECEIVED, SERVED, *ANSWERED), SERVED),
    CLAIMED: CLAIMED,
}


class Duties:
    """The fold: a row for each duty that began, or was done, in an episode."""

    name = "duties"
    kind = "episode"
    version = "3"
    tables = (DUTIES,)
    fields: Mapping[str, Sequence[str]] = {
        **dict.fromkeys((COMMITTED, NOTIFIED), WHOM),
        INQUIRED: (*WHOM, "result"),
        **dict.fromkeys((*RECEIVED, SERVED, *ANSWERED, REQUESTED, WITHHELD, CLAIMED), WHAT),
        SENT: (*WHAT, "scheduled_release_at", "lead_minutes"),
    }

    def keys(self, seen: Seen) -> Sequence[str]:
        """Return the episode, if any is named."""
        if seen.stream.startswith("episode/"):
            return (seen.stream[8:],)
        return (seen.data.episode,) if seen.data.episode else ()

    def rows(self, key: str, events: Sequence[Seen]) -> list[Row]:
        """Return the duties of an episode."""
        told: dict[str, list[Seen]] = {}
        forms: dict[str, list[Seen]] = {}
        for event in events:
            told.setdefault(DUTY_OF[event.type], []).append(event)
            if event.stream.startswith("detainer/"):
                forms.setdefault(event.stream[9:], []).append(event)
        whom = (key, first_of(events, "facility"), first_of(events, "subject"))
        found: list[Values | None] = []
        if commitment := told.get(COMMITTED):
            found.append(_duty("ask_status", whom, _of(commitment, COMMITTED), _of(commitment, INQUIRED)))
            found.append(_duty("commitment_notice", whom, _found_alien(commitment), _of(commitment, NOTIFIED)))
        if notices := [*told.get(SENT, ()), *told.get(SERVED, ())]:
            acts = _of(notices, SENT, WITHHELD)
            found.append(_duty("release_notice", whom, _of(notices, *RECEIVED, REQUESTED), acts))
        if claims := told.get(CLAIMED):
            found.append(_duty("report_citizenship_claim", whom, _of(claims, CLAIMED), []))
        for form, its in sorted(forms.items()):
            received = _of(its, *RECEIVED)
            found.append(_duty("serve_detainer", whom, received, _of(its, SERVED), form))
            found.append(_duty("answer_detainer", whom, received, _of(its, *ANSWERED), form))
        return [(DUTIES.name, values) for values in found if values]


def _of(events: Sequence[Seen], *types: str) -> list[Seen]:
    """Return the events of these types by when they happened."""
    found = [event for event in events if event.type in types]
    return sorted(found, key=_when) if len(found) > 1 else found


def _when(event: Seen) -> tuple[int, int]:
    return -FAR if event.earliest is None else event.earliest, event.position


def _found_alien(events: Sequence[Seen]) -> list[Seen]:
    """Return the answer that the person is no citizen, or the commitment where none is told."""
    answers = [event for event in _of(events, INQUIRED) if event.data.result == NON_CITIZEN]
    return answers or _of(events, COMMITTED)


def _duty(
    duty: str,
    whom: tuple[str, str | None, str | None],
    started: Sequence[Seen],
    acts: Sequence[Seen],
    form: str | None = None,
) -> Values | None:
    """Return the row of a duty that began or was done; what was withheld is no doing."""
    if not started and not acts:
        return None
    done = withheld = None
    for event in acts:
        if event.type == WITHHELD:
            withheld = withheld or event
        else:
            done = done or event
    key, facility, subject = whom
    return (
        key,
        duty,
        facility,
        subject,
        form,
        json_text(started[0].told) if started else None,
        json_text(done.told) if done else None,
        json_text(withheld.told) if withheld else None,
        lead_minutes(done) if done and done.type == SENT else None,
        started[0].earliest if started else None,
        json_text(sorted([event.position for event in (*started[:1], *acts)])),
    )

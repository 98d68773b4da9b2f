"""What can be counted, and the typed fields of a row that a count's conditions and groups may name.

A value is text, true, false or null. Null is "nothing told" and is never zero or no.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from domain.events.detainer import DetainerForm, lift_reason_words
from domain.rules.vocabulary import FACILITY_KINDS

Value = str | bool | None
NOT_PLACED = "not_placed"


class Of(StrEnum):
    """What one row stands for."""

    DETAINERS = "detainers"
    HANDOFFS = "handoffs"


class When(StrEnum):
    """The time of a row that the period asked about is held against."""

    PREPARED = "prepared"
    LEFT = "left"
    HANDED_OVER = "handed_over"


TIMES: Mapping[Of, tuple[When, ...]] = {Of.DETAINERS: (When.PREPARED, When.LEFT), Of.HANDOFFS: (When.HANDED_OVER,)}


@dataclass(frozen=True, slots=True)
class Field:
    """One field; `values` are all it can have, each in words, `codes` all that need none.

    Without either it has what the register of facilities has for it, or any text that `fits` gives back as it was.
    """

    about: str
    values: Mapping[Value, str] = field(default_factory=dict)
    codes: tuple[Value, ...] = ()
    fits: Callable[[str], str | None] = str


def _month(text: str) -> str | None:
    return text if re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", text) else None


PLACE = {
    "facility": Field("facility id; null if the printed name is in no register"),
    "custodian_kind": Field(
        "kind of the facility in the register, `not_placed` if its name is in none",
        codes=(*FACILITY_KINDS, NOT_PLACED),
    ),
    "agency": Field("agency that runs the facility"),
    "county": Field("county of the facility"),
    "subject": Field("pseudonym of the person; one for all that identity links join"),
    "episode": Field("episode, if one is named"),
    "month": Field("month, in Minnesota, of the time that the count goes by: `2026-02`", fits=_month),
}
FIELDS: Mapping[Of, Mapping[str, Field]] = {
    Of.DETAINERS: {
        "detainer": Field("detainer id"),
        **PLACE,
        "facility_as_printed": Field("facility as the form or table prints it"),
        "form": Field("form family: I-247A, I-247G, ...", codes=(*(form.value for form in DetainerForm), None)),
        "status": Field(
            "the first word that ends it, whoever said it",
            {
                "active": "no word of its end",
                "lifted": "lifted",
                "cancelled": "cancelled",
                "superseded": "superseded",
                "expired_unclaimed": "expired unclaimed",
            },
        ),
        "lift_reason": Field(
            "lift reason as ICE prints it; null if blank: not lifted yet, or not said", fits=lift_reason_words
        ),
        "acknowledged": Field(
            "whether the custodian's receipt, acknowledgement or response is recorded",
            {True: "receipt recorded", False: "no receipt recorded"},
        ),
        "in_custody": Field(
            "whether the person is in custody there, by the custodian's own events",
            {
                "yes": "in custody by the custodian's own events",
                "maybe": "perhaps in custody: the times recorded leave it open",
                "no_longer": "no longer in custody by the custodian's own events",
                "not_told": "the custodian's own events tell of no such person there",
            },
        ),
        "left_while_active": Field(
            "how the person left, by the custodian's own events, while the detainer had not surely ended",
            {
                "to_community": "released to the community",
                "to_agency": "handed to an agency",
                "died": "died",
                "escaped": "escaped",
                "in_error": "released in error",
                None: "no such departure told",
            },
        ),
        "notice": Field(
            "notice of that departure: minutes to the release it names, else to the departure",
            {
                "at_least_48_hours": "notice at least 48 hours before",
                "under_48_hours": "notice less than 48 hours before",
                "none": "no notice recorded",
                "not_known": "notice sent, and how long before is not known",
            },
        ),
    },
    Of.HANDOFFS: {
        "handoff": Field("handoff id"),
        **PLACE,
        "detainer": Field("detainer, if one is named"),
        "status": Field(
            "what both sides say",
            {
                "agreed": "told by both sides",
                "one_sided": "told by one side",
                "contested": "the other side said no",
                "contradicted": "told as to or from different agencies",
                "no_transfer": "no transfer told",
            },
        ),
        "to": Field("agency that received custody, in the releasing side's words if there are any"),
        "to_ice": Field("whether that is ICE", {True: "to ICE", False: "not to ICE"}),
    },
}


def words_of(of: Of, name: str, value: Value) -> str:
    """Return a field's value in words: `custodian kind federal_prison`, `no receipt recorded`."""
    words = FIELDS[of][name].values.get(value)
    return words or f"{name.replace('_', ' ')} {'blank' if value is None else value}"

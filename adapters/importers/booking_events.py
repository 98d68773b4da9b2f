"""What a row of a bookings export says, as events, and what about it somebody should look at.

An export gives no time at which a charge or hold was placed unless a column for it is mapped: it is then
somewhere from the booking on, with an open end.
"""

from __future__ import annotations

from typing import Any

from adapters.importers.bodies import proposed_body, usable_id
from adapters.importers.booking_rows import CODE, BookingRow
from adapters.importers.bookings_memory import Memory
from adapters.importers.port import Flag
from domain.events.detainer import DetainerCancelled
from domain.events.episode import (
    ChargeDisposed,
    ChargeFiled,
    HoldEnded,
    HoldPlaced,
    ReleasedToAgency,
    ReleasedToCommunity,
    SubjectBooked,
)
from domain.events.fields import EventData
from domain.instants import Instant

VIA = "import/bookings"
WORDS_MAX = 300


class RowEvents:
    """The events and flags of one row."""

    def __init__(self, row: BookingRow, memory: Memory, agencies: tuple[str, ...]) -> None:
        """`agencies` are those with whom any row of the booking says the person left."""
        self._row = row
        self._memory = memory
        self._agencies = agencies
        self.bodies: list[bytes] = []
        self.flags: list[Flag] = []
        self._booking()
        self._charge_or_hold()
        self._cancelled_detainer()
        self._release()

    def _flag(self, code: str, what: str) -> None:
        self.flags.append(Flag(self._row.number, code, what))

    def _add(self, cls: type[EventData], occurred: Instant, data: dict[str, Any], stream: str | None = None) -> None:
        row = self._row
        common = {"facility": row.facility.id, "subject": row.subject}
        self.bodies.append(
            proposed_body(
                cls,
                source=f"agency:{row.agency}",
                stream=stream or row.episode,
                occurred=occurred,
                data=common | data,
                via=VIA,
            )
        )

    def _words(self, name: Any) -> str | None:
        printed: str | None = self._row.cells.get(name)
        if printed and len(printed) > WORDS_MAX:
            self._flag("text_cut", f"{name} has {len(printed):,} characters; the first {WORDS_MAX} were kept")
        return printed[:WORDS_MAX] if printed else None

    def _booking(self) -> None:
        row = self._row
        jurisdiction = self._jurisdiction()
        if not self._says("booked_at", row.cells["booked_at"].strip()):
            return
        data = {
            "booking_number": row.booking if CODE.fullmatch(row.booking) else None,
            "jurisdiction": jurisdiction,
        }
        self._add(SubjectBooked, row.booked_at, data)

    def _jurisdiction(self) -> str | None:
        """Charges of one booking may have several; the event has room for one, so the others are flagged."""
        printed = self._words("jurisdiction")
        new = printed is not None and self._memory.first(self._row.episode, "jurisdiction", printed)
        if new and not self._memory.first(self._row.episode, "jurisdiction"):
            self._flag("jurisdiction_differs", f"{printed!r} here; the booking keeps that of its first row")
        return printed

    def _says(self, name: str, printed: str) -> bool:
        """Say whether this is new for the booking; flag it if the booking said something else before."""
        if not self._memory.first(self._row.episode, name, printed):
            return False
        if not self._memory.first(self._row.episode, name):
            other = repr(printed[:40]) if printed else "a blank"
            self._flag("booking_disagrees", f"another row of this booking gives another {name} than {other}")
        return True

    def _charge_or_hold(self) -> None:
        row = self._row
        if row.charge is None:
            self._flag("blank_charge", "the row names no charge and no hold")
            return
        placed = row.times.get("charge_placed_at") or Instant.between(row.booked_at.earliest, None)
        if row.hold is None:
            self._charge(row.charge, placed)
        else:
            self._hold(row.charge, row.hold.value, placed)

    def _charge(self, charge: str, filed: Instant) -> None:
        row = self._row
        self._add(ChargeFiled, filed, {"charge": charge, "charge_text": self._words("charge_text")})
        ended, disposition = row.times.get("charge_released_at"), self._words("disposition")
        if ended or disposition:
            data = {
                "charge": charge,
                "disposition": disposition,
                "charge_released_at": ended.as_json() if ended else None,
            }
            self._add(ChargeDisposed, ended or Instant.between(row.booked_at.earliest, None), data)

    def _hold(self, hold: str, kind: str, placed: Instant) -> None:
        row = self._row
        self._add(HoldPlaced, placed, {"hold": hold, "kind": kind, "hold_text": self._words("charge_text")})
        ended, released = row.times.get("charge_released_at"), row.times.get("released_at")
        if ended:
            self._add(HoldEnded, ended, {"hold": hold, "kind": kind, "end_reason": self._words("disposition")})
        if ended and released and released.surely_before(ended):
            self._flag("hold_ends_after_release", f"the {kind} hold ends after the person was released")
        elif ended and ended.surely_before(row.booked_at):
            self._flag("hold_ends_before_booking", f"the {kind} hold ends before the person was booked")
        elif released and not ended:
            self._flag(
                "hold_without_end",
                f"the person was released, and the {kind} hold has no release time of its own",
            )

    def _cancelled_detainer(self) -> None:
        row = self._row
        if not row.cancels_detainer:
            return
        at = row.times.get("charge_released_at") or Instant.between(row.booked_at.earliest, None)
        detainer = usable_id(f"{row.episode}.{row.charge or 'detainer'}", longest=120)
        data = {"episode": row.episode, "reason": self._words("disposition")}
        self._add(DetainerCancelled, at, data, stream=detainer)

    def _release(self) -> None:
        row = self._row
        released = row.times.get("released_at")
        if not self._says("released_at", row.cells.get("released_at", "").strip()):
            return
        if released is None:
            self._flag("blank_release", "no release time: the person is recorded as still in custody")
            return
        if released.surely_before(row.booked_at):
            self._flag("release_before_booking", "the person is released before being booked")
        if len(self._agencies) > 1:
            what = f"rows of this booking name several agencies it left with: {', '.join(self._agencies)}"
            self._flag("booking_disagrees", what)
        for agency in self._agencies:
            self._add(ReleasedToAgency, released, {"to_agency": agency})
        if not self._agencies:
            self._add(ReleasedToCommunity, released, {})

"""The kinds of file that `custody import` knows, by name."""

from __future__ import annotations

from adapters.importers.bookings import BookingsImporter
from adapters.importers.claims import ClaimsImporter
from adapters.importers.cloudevents import EventsImporter, SignedEventsImporter
from adapters.importers.ice_287g import Ice287gImporter
from adapters.importers.ice_detainers import IceDetainersImporter
from adapters.importers.port import Importer

IMPORTERS: dict[str, type[Importer]] = {
    importer.kind: importer
    for importer in (
        Ice287gImporter,
        IceDetainersImporter,
        BookingsImporter,
        EventsImporter,
        SignedEventsImporter,
        ClaimsImporter,
    )
}

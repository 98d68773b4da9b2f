"""The durable log on SQLite, through the hooks of the `eventsourcing` library."""

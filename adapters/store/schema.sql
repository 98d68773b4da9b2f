-- The ledger file, schema 3. Times are microseconds since 1970-01-01 UTC; hashes are 32 raw bytes.
-- Positions are explicit (never bare rowids, which a dump and restore renumbers), from 1, without gaps.
CREATE TABLE stored_events (
    position              INTEGER PRIMARY KEY,  -- given explicitly, never by SQLite
    originator_id         TEXT    NOT NULL,  -- the stream: "episode/…"
    originator_version    INTEGER,           -- an aggregate's version, 1, 2, ...; facts have none: their order is the position
    topic                 TEXT    NOT NULL,  -- the persisted type name
    state                 BLOB    NOT NULL,  -- canonical bytes exactly as received: what is hashed and signed
    source                TEXT    NOT NULL,
    event_id              TEXT    NOT NULL,
    leaf_hash             BLOB    NOT NULL CHECK (length(leaf_hash) = 32),
    signature             BLOB,              -- beside the bytes, never inside them
    key_id                TEXT,
    facility              TEXT,
    occurred_earliest     INTEGER,
    occurred_latest       INTEGER,
    source_recorded_latest INTEGER,
    recorded_at           INTEGER NOT NULL   -- the ledger's clock, never running backwards
) STRICT;
CREATE UNIQUE INDEX stored_events_version ON stored_events (originator_id, originator_version)
WHERE originator_version IS NOT NULL;
CREATE UNIQUE INDEX stored_events_event ON stored_events (event_id, source);
-- The types that are read apart from the rest, corrections and agreements, are few among many of custody.
CREATE INDEX stored_events_topic ON stored_events (topic, position) WHERE topic NOT LIKE 'custody.%';

-- Where the log mentions "episode/…", "facility/…", "subject/…", "event/…": posting lists, a row for each reference
-- and transaction. The era comes first so that an append touches the newest pages only, however long the log.
CREATE TABLE event_refs (
    era       INTEGER NOT NULL,              -- the first of the positions / 65536
    ref       TEXT    NOT NULL,
    positions TEXT    NOT NULL,              -- JSON: [17,18,24]; in the key, so that REPLACE cannot change it
    PRIMARY KEY (era, ref, positions)
) STRICT, WITHOUT ROWID;

-- One row a transaction: the tree over all leaves so far. Peaks are 32-byte roots, largest subtree first.
CREATE TABLE tree_heads (
    size        INTEGER PRIMARY KEY,
    root        BLOB    NOT NULL CHECK (length(root) = 32),
    peaks       BLOB    NOT NULL,
    recorded_at INTEGER NOT NULL
) STRICT;

-- Evidence of what was refused: for events their bytes, for rows of a file the place and a digest.
CREATE TABLE rejects (
    reject_id   INTEGER PRIMARY KEY AUTOINCREMENT,
    code        TEXT    NOT NULL,
    field       TEXT    NOT NULL,
    reason      TEXT    NOT NULL,
    origin      TEXT    NOT NULL,            -- file name and digest, or the way in
    row         INTEGER NOT NULL,
    body        BLOB,
    body_hash   BLOB    NOT NULL,
    recorded_at INTEGER NOT NULL,
    UNIQUE (origin, row, code, field, body_hash)
) STRICT;

-- How far each consumer of Kafka has read each partition: the largest. A row in the transaction that stores what it read.
CREATE TABLE kafka_offsets (
    consumer    TEXT    NOT NULL,
    topic       TEXT    NOT NULL,
    partition   INTEGER NOT NULL,
    next_offset INTEGER NOT NULL,
    PRIMARY KEY (consumer, topic, partition, next_offset)
) STRICT, WITHOUT ROWID;

-- Records of Kafka that were set aside, byte for byte as they came, in the order they came.
CREATE TABLE dead_letters (
    letter        INTEGER PRIMARY KEY,       -- given explicitly, from 1
    recorded_at   INTEGER NOT NULL,
    consumer      TEXT    NOT NULL,
    topic         TEXT    NOT NULL,
    partition     INTEGER NOT NULL,
    record_offset INTEGER NOT NULL,
    record_ms     INTEGER NOT NULL,          -- the record's own time, milliseconds since 1970
    key           BLOB,
    value         BLOB,
    headers       TEXT    NOT NULL,          -- JSON: [["ce_id","3031..."]], values in hex
    code          TEXT    NOT NULL,
    field         TEXT    NOT NULL,
    reason        TEXT    NOT NULL,
    holds         INTEGER NOT NULL           -- 1: later records with its topic and key wait behind it
) STRICT;
CREATE TABLE dead_letter_ends (
    letter      INTEGER PRIMARY KEY,
    how         TEXT    NOT NULL,            -- replayed, dropped
    recorded_at INTEGER NOT NULL
) STRICT;

CREATE TRIGGER stored_events_no_update BEFORE UPDATE ON stored_events
BEGIN SELECT RAISE(ABORT, 'the log is append-only: events are never updated'); END;
CREATE TRIGGER stored_events_no_delete BEFORE DELETE ON stored_events
BEGIN SELECT RAISE(ABORT, 'the log is append-only: events are never deleted'); END;
-- REPLACE deletes without firing delete triggers, so an insert may neither reuse a key nor leave a gap.
CREATE TRIGGER stored_events_only_next BEFORE INSERT ON stored_events
WHEN NEW.position IS NOT (SELECT coalesce(max(position), 0) + 1 FROM stored_events)
  OR EXISTS (SELECT 1 FROM stored_events WHERE event_id = NEW.event_id AND source = NEW.source)
  OR (NEW.originator_version IS NOT NULL AND EXISTS (SELECT 1 FROM stored_events
      WHERE originator_id = NEW.originator_id AND originator_version = NEW.originator_version))
BEGIN SELECT RAISE(ABORT, 'the log is append-only: only the next position, with a new id, can be written'); END;
CREATE TRIGGER event_refs_no_update BEFORE UPDATE ON event_refs
BEGIN SELECT RAISE(ABORT, 'the log is append-only: references are never updated'); END;
CREATE TRIGGER event_refs_no_delete BEFORE DELETE ON event_refs
BEGIN SELECT RAISE(ABORT, 'the log is append-only: references are never deleted'); END;
CREATE TRIGGER tree_heads_no_update BEFORE UPDATE ON tree_heads
BEGIN SELECT RAISE(ABORT, 'the log is append-only: tree heads are never updated'); END;
CREATE TRIGGER tree_heads_no_delete BEFORE DELETE ON tree_heads
BEGIN SELECT RAISE(ABORT, 'the log is append-only: tree heads are never deleted'); END;
CREATE TRIGGER tree_heads_only_next BEFORE INSERT ON tree_heads
WHEN NEW.size <= (SELECT coalesce(max(size), 0) FROM tree_heads)
BEGIN SELECT RAISE(ABORT, 'the log is append-only: a tree head only grows'); END;
CREATE TRIGGER rejects_only_new BEFORE INSERT ON rejects
WHEN EXISTS (SELECT 1 FROM rejects WHERE reject_id = NEW.reject_id)
  OR EXISTS (SELECT 1 FROM rejects WHERE origin = NEW.origin AND row = NEW.row AND code = NEW.code
             AND field = NEW.field AND body_hash = NEW.body_hash)
BEGIN SELECT RAISE(ABORT, 'refusals are evidence: they are never replaced'); END;
CREATE TRIGGER rejects_no_update BEFORE UPDATE ON rejects
BEGIN SELECT RAISE(ABORT, 'refusals are evidence: they are never updated'); END;
CREATE TRIGGER rejects_no_delete BEFORE DELETE ON rejects
BEGIN SELECT RAISE(ABORT, 'refusals are evidence: they are never deleted'); END;
CREATE TRIGGER kafka_offsets_no_delete BEFORE DELETE ON kafka_offsets
BEGIN SELECT RAISE(ABORT, 'what was read stays read: offsets are never deleted'); END;
CREATE TRIGGER kafka_offsets_no_update BEFORE UPDATE ON kafka_offsets
BEGIN SELECT RAISE(ABORT, 'what was read stays read: offsets are never updated'); END;
CREATE TRIGGER kafka_offsets_only_forward BEFORE INSERT ON kafka_offsets
WHEN NEW.next_offset <= (SELECT max(next_offset) FROM kafka_offsets
     WHERE consumer = NEW.consumer AND topic = NEW.topic AND partition = NEW.partition)
BEGIN SELECT RAISE(ABORT, 'what was read stays read: offsets only grow'); END;
CREATE TRIGGER dead_letters_only_new BEFORE INSERT ON dead_letters
WHEN NEW.letter IS NOT (SELECT coalesce(max(letter), 0) + 1 FROM dead_letters)
BEGIN SELECT RAISE(ABORT, 'dead letters are evidence: only the next number can be written'); END;
CREATE TRIGGER dead_letters_no_update BEFORE UPDATE ON dead_letters
BEGIN SELECT RAISE(ABORT, 'dead letters are evidence: they are never updated'); END;
CREATE TRIGGER dead_letters_no_delete BEFORE DELETE ON dead_letters
BEGIN SELECT RAISE(ABORT, 'dead letters are evidence: they are never deleted'); END;
CREATE TRIGGER dead_letter_ends_only_new BEFORE INSERT ON dead_letter_ends
WHEN EXISTS (SELECT 1 FROM dead_letter_ends WHERE letter = NEW.letter)
BEGIN SELECT RAISE(ABORT, 'a dead letter ends once'); END;
CREATE TRIGGER dead_letter_ends_no_update BEFORE UPDATE ON dead_letter_ends
BEGIN SELECT RAISE(ABORT, 'a dead letter ends once'); END;
CREATE TRIGGER dead_letter_ends_no_delete BEFORE DELETE ON dead_letter_ends
BEGIN SELECT RAISE(ABORT, 'a dead letter ends once'); END;

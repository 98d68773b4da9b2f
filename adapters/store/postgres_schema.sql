-- The ledger in a PostgreSQL database, schema 2. Times are microseconds since 1970-01-01 UTC; hashes are 32 raw bytes.
-- Every statement is written as PostgreSQL's own catalog gives it back, so that `verify` can compare the two.
CREATE SCHEMA custody;
COMMENT ON SCHEMA custody IS 'custody ledger, schema 2';

-- Positions are explicit (never a sequence, which leaves gaps), from 1, without gaps.
CREATE TABLE custody.stored_events (
    "position" bigint NOT NULL,
    recorded_at bigint NOT NULL,                -- the ledger's clock, never running backwards
    originator_version bigint,                  -- an aggregate's version, 1, 2, ...; facts have none
    leaf_hash bytea NOT NULL,
    originator_id text COLLATE "C" NOT NULL,    -- the stream: "episode/…"
    topic text COLLATE "C" NOT NULL,            -- the persisted type name
    state bytea NOT NULL,                       -- canonical bytes exactly as received: what is hashed and signed
    source text COLLATE "C" NOT NULL,
    event_id text COLLATE "C" NOT NULL,
    signature bytea,                            -- beside the bytes, never inside them
    key_id text COLLATE "C",
    facility text COLLATE "C",
    occurred_earliest bigint,
    occurred_latest bigint,
    source_recorded_latest bigint
);
ALTER TABLE custody.stored_events ADD CONSTRAINT stored_events_pkey PRIMARY KEY ("position");
ALTER TABLE custody.stored_events ADD CONSTRAINT stored_events_leaf_hash CHECK ((length(leaf_hash) = 32));
CREATE UNIQUE INDEX stored_events_version ON custody.stored_events USING btree (originator_id, originator_version)
WHERE (originator_version IS NOT NULL);
CREATE UNIQUE INDEX stored_events_event ON custody.stored_events USING btree (event_id, source);
-- The types that are read apart from the rest, corrections and agreements, are few among many of custody.
CREATE INDEX stored_events_topic ON custody.stored_events USING btree (topic, "position")
WHERE (topic !~~ 'custody.%'::text);

-- Where the log mentions "episode/…", "facility/…", "subject/…", "event/…": posting lists, a row for each reference
-- and transaction. The era comes first so that an append touches the newest pages only, however long the log.
CREATE TABLE custody.event_refs (
    era bigint NOT NULL,                        -- the first of the positions / 65536
    ref text COLLATE "C" NOT NULL,
    positions bigint[] NOT NULL
);
CREATE INDEX event_refs_ref ON custody.event_refs USING btree (era, ref);

-- One row a transaction: the tree over all leaves so far. Peaks are 32-byte roots, largest subtree first.
CREATE TABLE custody.tree_heads (
    size bigint NOT NULL,
    root bytea NOT NULL,
    peaks bytea NOT NULL,
    recorded_at bigint NOT NULL
);
ALTER TABLE custody.tree_heads ADD CONSTRAINT tree_heads_pkey PRIMARY KEY (size);
ALTER TABLE custody.tree_heads ADD CONSTRAINT tree_heads_root CHECK ((length(root) = 32));

-- Evidence of what was refused: for events their bytes, for rows of a file the place and a digest.
CREATE TABLE custody.rejects (
    reject_id bigint GENERATED ALWAYS AS IDENTITY NOT NULL,
    code text COLLATE "C" NOT NULL,
    field text COLLATE "C" NOT NULL,
    reason text COLLATE "C" NOT NULL,
    origin text COLLATE "C" NOT NULL,           -- file name and digest, or the way in
    "row" bigint NOT NULL,
    body bytea,
    body_hash bytea NOT NULL,
    recorded_at bigint NOT NULL
);
ALTER TABLE custody.rejects ADD CONSTRAINT rejects_pkey PRIMARY KEY (reject_id);
CREATE INDEX rejects_body_hash ON custody.rejects USING btree (body_hash, "row");

-- How far each consumer of Kafka has read each partition: the largest. A row in the transaction that stores what it read.
CREATE TABLE custody.kafka_offsets (
    consumer text COLLATE "C" NOT NULL,
    topic text COLLATE "C" NOT NULL,
    partition bigint NOT NULL,
    next_offset bigint NOT NULL
);
ALTER TABLE custody.kafka_offsets ADD CONSTRAINT kafka_offsets_pkey PRIMARY KEY (consumer, topic, partition, next_offset);

-- Records of Kafka that were set aside, byte for byte as they came, in the order they came.
CREATE TABLE custody.dead_letters (
    letter bigint NOT NULL,                     -- given explicitly, from 1
    recorded_at bigint NOT NULL,
    consumer text COLLATE "C" NOT NULL,
    topic text COLLATE "C" NOT NULL,
    partition bigint NOT NULL,
    record_offset bigint NOT NULL,
    record_ms bigint NOT NULL,                  -- the record's own time, milliseconds since 1970
    key bytea,
    value bytea,
    headers text COLLATE "C" NOT NULL,          -- JSON: [["ce_id","3031..."]], values in hex
    code text COLLATE "C" NOT NULL,
    field text COLLATE "C" NOT NULL,
    reason text COLLATE "C" NOT NULL,
    holds boolean NOT NULL                      -- later records with its topic and key wait behind it
);
ALTER TABLE custody.dead_letters ADD CONSTRAINT dead_letters_pkey PRIMARY KEY (letter);
CREATE TABLE custody.dead_letter_ends (
    letter bigint NOT NULL,
    how text COLLATE "C" NOT NULL,              -- replayed, dropped
    recorded_at bigint NOT NULL
);
ALTER TABLE custody.dead_letter_ends ADD CONSTRAINT dead_letter_ends_pkey PRIMARY KEY (letter);

CREATE OR REPLACE FUNCTION custody.never_changed()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog'
AS $function$
BEGIN
    RAISE EXCEPTION 'the log is append-only: % are never changed', TG_TABLE_NAME
    USING ERRCODE = 'integrity_constraint_violation';
END
$function$;
CREATE OR REPLACE FUNCTION custody.only_next_events()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog'
AS $function$
DECLARE
    first bigint;
    last bigint;
    events bigint;
BEGIN
    SELECT min(f.position), max(f.position), count(*) INTO first, last, events FROM fresh AS f;
    IF events > 0 AND (
        last - first + 1 <> events
        OR first - 1 <> coalesce((SELECT max(e.position) FROM custody.stored_events AS e WHERE e.position < first), 0)
    ) THEN
        RAISE EXCEPTION 'the log is append-only: only the next position can be written'
        USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END
$function$;
CREATE OR REPLACE FUNCTION custody.only_larger_heads()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog'
AS $function$
BEGIN
    IF NEW.size <= coalesce((SELECT max(h.size) FROM custody.tree_heads AS h), 0) THEN
        RAISE EXCEPTION 'the log is append-only: a tree head only grows'
        USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END
$function$;
CREATE OR REPLACE FUNCTION custody.only_forward()
 RETURNS trigger
 LANGUAGE plpgsql
 SET search_path TO 'pg_catalog'
AS $function$
BEGIN
    IF NEW.next_offset <= (
        SELECT max(o.next_offset) FROM custody.kafka_offsets AS o
        WHERE o.consumer = NEW.consumer AND o.topic = NEW.topic AND o.partition = NEW.partition
    ) THEN
        RAISE EXCEPTION 'what was read stays read: offsets only grow'
        USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END
$function$;

CREATE TRIGGER stored_events_never_changed BEFORE DELETE OR UPDATE OR TRUNCATE ON custody.stored_events
FOR EACH STATEMENT EXECUTE FUNCTION custody.never_changed();
CREATE TRIGGER event_refs_never_changed BEFORE DELETE OR UPDATE OR TRUNCATE ON custody.event_refs
FOR EACH STATEMENT EXECUTE FUNCTION custody.never_changed();
CREATE TRIGGER tree_heads_never_changed BEFORE DELETE OR UPDATE OR TRUNCATE ON custody.tree_heads
FOR EACH STATEMENT EXECUTE FUNCTION custody.never_changed();
CREATE TRIGGER rejects_never_changed BEFORE DELETE OR UPDATE OR TRUNCATE ON custody.rejects
FOR EACH STATEMENT EXECUTE FUNCTION custody.never_changed();
CREATE TRIGGER kafka_offsets_never_changed BEFORE DELETE OR UPDATE OR TRUNCATE ON custody.kafka_offsets
FOR EACH STATEMENT EXECUTE FUNCTION custody.never_changed();
CREATE TRIGGER dead_letters_never_changed BEFORE DELETE OR UPDATE OR TRUNCATE ON custody.dead_letters
FOR EACH STATEMENT EXECUTE FUNCTION custody.never_changed();
CREATE TRIGGER dead_letter_ends_never_changed BEFORE DELETE OR UPDATE OR TRUNCATE ON custody.dead_letter_ends
FOR EACH STATEMENT EXECUTE FUNCTION custody.never_changed();
CREATE TRIGGER kafka_offsets_only_forward BEFORE INSERT ON custody.kafka_offsets
FOR EACH ROW EXECUTE FUNCTION custody.only_forward();
CREATE TRIGGER stored_events_only_next AFTER INSERT ON custody.stored_events
REFERENCING NEW TABLE AS fresh FOR EACH STATEMENT EXECUTE FUNCTION custody.only_next_events();
CREATE TRIGGER tree_heads_only_larger BEFORE INSERT ON custody.tree_heads
FOR EACH ROW EXECUTE FUNCTION custody.only_larger_heads();

-- Always: also where a session calls itself a replica, which passes over ordinary triggers.
ALTER TABLE custody.stored_events ENABLE ALWAYS TRIGGER stored_events_never_changed;
ALTER TABLE custody.event_refs ENABLE ALWAYS TRIGGER event_refs_never_changed;
ALTER TABLE custody.tree_heads ENABLE ALWAYS TRIGGER tree_heads_never_changed;
ALTER TABLE custody.rejects ENABLE ALWAYS TRIGGER rejects_never_changed;
ALTER TABLE custody.stored_events ENABLE ALWAYS TRIGGER stored_events_only_next;
ALTER TABLE custody.tree_heads ENABLE ALWAYS TRIGGER tree_heads_only_larger;
ALTER TABLE custody.kafka_offsets ENABLE ALWAYS TRIGGER kafka_offsets_never_changed;
ALTER TABLE custody.kafka_offsets ENABLE ALWAYS TRIGGER kafka_offsets_only_forward;
ALTER TABLE custody.dead_letters ENABLE ALWAYS TRIGGER dead_letters_never_changed;
ALTER TABLE custody.dead_letter_ends ENABLE ALWAYS TRIGGER dead_letter_ends_never_changed;

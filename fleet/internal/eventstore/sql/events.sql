-- The events of a day, by guild, so that a guild is read and erased quickly. The id of the
-- guild is signed, and 0 where there is none. Durations have the bits of a float32. flags
-- has the bits of event.go. arrival is the time from the event to its arrival, in ms; more
-- is JSON of what few events have.
CREATE TABLE events_DAY (
    guild INTEGER, time INTEGER, id BLOB,
    event INTEGER NOT NULL, flags INTEGER NOT NULL,
    bot INTEGER NOT NULL, region INTEGER NOT NULL, cluster INTEGER NOT NULL, version INTEGER NOT NULL,
    shard INTEGER, size INTEGER,
    type INTEGER, command INTEGER, outcome INTEGER, error_type INTEGER,
    receipt_age INTEGER, answer_duration INTEGER, handler_duration INTEGER,
    locale INTEGER, context INTEGER, installation INTEGER, user BLOB,
    arrival INTEGER NOT NULL, more TEXT,
    PRIMARY KEY (guild, time, id)
) WITHOUT ROWID;

-- What an incident did to guilds: failures, late answers, outages.
CREATE INDEX trouble_DAY ON events_DAY (bot, time, flags) WHERE (flags & 74) <> 0 AND guild <> 0;

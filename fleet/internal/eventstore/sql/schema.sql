-- Texts of events, which rows have by their ids. used is the last day, in days since 1970,
-- on which an event with the text arrived.
CREATE TABLE texts (
    id   INTEGER PRIMARY KEY,
    kind TEXT NOT NULL,
    text TEXT NOT NULL,
    used INTEGER NOT NULL,
    UNIQUE (kind, text)
);

-- The tables of events: their days since 1970, and the times of their events in ms.
CREATE TABLE days (
    day    INTEGER PRIMARY KEY,
    events INTEGER NOT NULL,
    first  INTEGER NOT NULL,
    last   INTEGER NOT NULL
);

-- The bots, and their first and last hours. guild is the last hour of an event with the id
-- of a guild. Times are seconds since 1970 from here on.
CREATE TABLE bots (
    bot   INTEGER PRIMARY KEY,
    first INTEGER NOT NULL,
    last  INTEGER NOT NULL,
    guild INTEGER NOT NULL
);

-- Interactions by version. unit is 3600 or 86400; durations is a sketch of the handlers'.
-- The id of a text that is absent is 0, here and below.
CREATE TABLE totals (
    bot INTEGER, unit INTEGER, start INTEGER, version INTEGER,
    runs INTEGER NOT NULL, failures INTEGER NOT NULL, in_time INTEGER NOT NULL, not_in_time INTEGER NOT NULL,
    durations BLOB NOT NULL,
    PRIMARY KEY (bot, unit, start, version)
) WITHOUT ROWID;

-- The same by command.
CREATE TABLE commands (
    bot INTEGER, unit INTEGER, start INTEGER, type INTEGER, command INTEGER, version INTEGER,
    runs INTEGER NOT NULL, failures INTEGER NOT NULL, in_time INTEGER NOT NULL, not_in_time INTEGER NOT NULL,
    durations BLOB NOT NULL,
    PRIMARY KEY (bot, unit, start, type, command, version)
) WITHOUT ROWID;

CREATE INDEX commands_by_name ON commands (bot, unit, command, start);

CREATE TABLE errors (
    bot INTEGER, unit INTEGER, command INTEGER, start INTEGER, error_type INTEGER,
    runs INTEGER NOT NULL, failures INTEGER NOT NULL, in_time INTEGER NOT NULL, not_in_time INTEGER NOT NULL,
    PRIMARY KEY (bot, unit, command, start, error_type)
) WITHOUT ROWID;

CREATE TABLE clusters (
    bot INTEGER, unit INTEGER, command INTEGER, start INTEGER, region INTEGER, cluster INTEGER,
    runs INTEGER NOT NULL, failures INTEGER NOT NULL, in_time INTEGER NOT NULL, not_in_time INTEGER NOT NULL,
    PRIMARY KEY (bot, unit, command, start, region, cluster)
) WITHOUT ROWID;

CREATE TABLE audience (
    bot INTEGER, unit INTEGER, start INTEGER, locale INTEGER, context INTEGER, installation INTEGER,
    runs INTEGER NOT NULL, failures INTEGER NOT NULL, in_time INTEGER NOT NULL, not_in_time INTEGER NOT NULL,
    PRIMARY KEY (bot, unit, start, locale, context, installation)
) WITHOUT ROWID;

-- Days of a bot. identified says whether any event of the day has the id of a guild.
CREATE TABLE daily (
    bot INTEGER, start INTEGER,
    joins INTEGER NOT NULL, leaves INTEGER NOT NULL, interactions INTEGER NOT NULL,
    identified INTEGER NOT NULL, active_guilds INTEGER NOT NULL, users INTEGER NOT NULL,
    PRIMARY KEY (bot, start)
) WITHOUT ROWID;

-- Days of a guild. Its id is signed: those from 2^63 on are negative. size is that of the
-- last interaction that has one, which was at sized, in ms.
CREATE TABLE daily_guilds (
    bot INTEGER, start INTEGER, guild INTEGER,
    runs INTEGER NOT NULL, failures INTEGER NOT NULL, in_time INTEGER NOT NULL, not_in_time INTEGER NOT NULL,
    joins INTEGER NOT NULL, leaves INTEGER NOT NULL, outages INTEGER NOT NULL,
    size INTEGER, sized INTEGER,
    PRIMARY KEY (bot, start, guild)
) WITHOUT ROWID;

-- Who has been counted in daily.users: pseudonyms, each of one day.
CREATE TABLE daily_users (
    start INTEGER, bot INTEGER, hash BLOB,
    PRIMARY KEY (start, bot, hash)
) WITHOUT ROWID;

-- What arrived, by the hour of its arrival.
CREATE TABLE ingest (
    bot INTEGER, start INTEGER, region INTEGER, cluster INTEGER, result TEXT, reason TEXT,
    events INTEGER NOT NULL,
    PRIMARY KEY (bot, start, region, cluster, result, reason)
) WITHOUT ROWID;

-- The events among the logs, with typed columns. Attributes that are missing, or are not
-- what docs/EVENTS.md says, are NULL. Events without an id get one that is made of their
-- content. Left out are other names, texts of more than 512 bytes, and times before 1970.
CREATE MATERIALIZED VIEW IF NOT EXISTS collector_events_view TO events AS
WITH
    (name -> if(mapContains(LogAttributes, name), LogAttributes[name], NULL)) AS label,
    (name -> if(toFloat32OrNull(LogAttributes[name]) >= 0 AND isFinite(toFloat32OrNull(LogAttributes[name])), toFloat32OrNull(LogAttributes[name]), NULL)) AS seconds
SELECT
    toDateTime64(Timestamp, 3, 'UTC') AS time,
    EventName AS event,
    ifNull(
        toUUIDOrNull(LogAttributes['log.record.uid']),
        reinterpretAsUUID(sipHash128(Timestamp, EventName, toString(ResourceAttributes), toString(LogAttributes)))) AS event_id,
    ResourceAttributes['bot'] AS bot,
    ResourceAttributes['region'] AS region,
    ResourceAttributes['cluster'] AS cluster,
    ResourceAttributes['service.version'] AS version,
    label('discord.shard.id') AS shard,
    nullIf(toUInt64OrNull(LogAttributes['discord.guild.id']), 0) AS guild_id,
    label('discord.guild.size') AS guild_size,
    label('discord.interaction.type') AS interaction_type,
    label('discord.command') AS command,
    label('discord.interaction.outcome') AS outcome,
    label('error.type') AS error_type,
    seconds('discord.interaction.receipt_age') AS receipt_age,
    seconds('discord.interaction.answer.duration') AS answer_duration,
    seconds('discord.interaction.handler.duration') AS handler_duration,
    label('discord.interaction.locale') AS locale,
    label('discord.interaction.context') AS context,
    label('discord.interaction.installation') AS installation,
    if(match(LogAttributes['discord.user.hash'], '^[0-9a-f]{32}$'), toFixedString(substring(LogAttributes['discord.user.hash'], 1, 32), 32), NULL) AS user_hash,
    label('discord.gateway.close.code') AS close_code,
    label('discord.gateway.close.initiator') AS close_initiator,
    seconds('discord.gateway.connection.duration') AS connection_duration,
    label('discord.ratelimit.scope') AS ratelimit_scope,
    label('url.template') AS route,
    label('http.request.method') AS method,
    seconds('discord.ratelimit.retry_after') AS retry_after,
    toUInt32OrNull(LogAttributes['discord.session_start.remaining']) AS session_starts_remaining,
    toUInt32OrNull(LogAttributes['discord.session_start.limit']) AS session_starts_limit,
    seconds('discord.session_start.reset_after') AS session_starts_reset,
    toUInt32OrNull(LogAttributes['discord.session_start.max_concurrency']) AS session_starts_at_once
FROM collector_logs
WHERE EventName IN (
    'discord.shard.connected', 'discord.shard.ready', 'discord.shard.resumed', 'discord.shard.disconnected',
    'discord.guild.joined', 'discord.guild.left', 'discord.guild.unavailable',
    'discord.interaction.completed', 'discord.ratelimit', 'discord.session_start')
    AND Timestamp >= toDateTime64('1970-01-01 00:00:00', 9, 'UTC') AND Timestamp < toDateTime64('2106-01-01 00:00:00', 9, 'UTC')
    AND arrayAll(value -> length(value) <= 512 AND isValidUTF8(value), arrayConcat(
        mapValues(LogAttributes),
        [ResourceAttributes['bot'], ResourceAttributes['region'], ResourceAttributes['cluster'], ResourceAttributes['service.version']]))

-- The events of a guild.
SELECT count() AS events FROM events FINAL WHERE guild_id = {guild:UInt64}

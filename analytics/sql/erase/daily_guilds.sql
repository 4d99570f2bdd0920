-- Rewrites what the guild is in, and waits for it.
ALTER TABLE daily_guilds DELETE WHERE guild_id = {guild:UInt64} SETTINGS mutations_sync = 2

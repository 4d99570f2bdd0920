ALTER TABLE daily_guilds MODIFY TTL filed + toIntervalDay({hourly_days:UInt16})

ALTER TABLE hourly_guilds MODIFY TTL filed + toIntervalDay({hourly_days:UInt16})

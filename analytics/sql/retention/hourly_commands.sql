ALTER TABLE hourly_commands MODIFY TTL filed + toIntervalDay({hourly_days:UInt16})

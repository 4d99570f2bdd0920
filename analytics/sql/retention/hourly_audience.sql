ALTER TABLE hourly_audience MODIFY TTL filed + toIntervalDay({hourly_days:UInt16})

ALTER TABLE events MODIFY TTL day + toIntervalDay({raw_days:UInt16})

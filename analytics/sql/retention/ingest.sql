ALTER TABLE ingest MODIFY TTL hour + toIntervalDay({hourly_days:UInt16})

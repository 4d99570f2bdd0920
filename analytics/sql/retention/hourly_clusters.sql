ALTER TABLE hourly_clusters MODIFY TTL filed + toIntervalDay({hourly_days:UInt16})

-- The events that are kept under a day.
SELECT count() AS events FROM events FINAL WHERE day = toDate({day:String})

-- For each day that has events of the window.
SELECT ifnull(type, 0), ifnull(command, 0), flags, handler_duration
FROM events_DAY
WHERE guild = :guild AND time >= :from AND time < :to AND bot = :bot AND (flags & 1) <> 0

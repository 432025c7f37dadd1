-- What a place was taken for is over: it is free a window later.
--
-- KEYS[1]  the windows of one kind; all their keys begin so
-- ARGV     id of the place, what the window is about, its length (ms)
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
redis.call('ZADD', KEYS[1] .. ':taken:' .. ARGV[2], 'XX', now + ARGV[3] + 1, ARGV[1])

-- Lets nobody take a place for a while.
--
-- KEYS[1]  the windows of one kind; all their keys begin so
-- ARGV     what the window is about, for how long (ms)
local closed = KEYS[1] .. ':closed:' .. ARGV[1]
if tonumber(ARGV[2]) > redis.call('PTTL', closed) then
  redis.call('SET', closed, 1, 'PX', ARGV[2])
end

-- Takes a place, or says for how long there is none: {milliseconds (0: taken), when this server began to remember}.
--
-- KEYS[1]  the windows of one kind; all their keys begin so
-- ARGV     id of the place, what the window is about, places in it, its length (ms), how much longer a place is
--          taken that is never settled (ms), when the server began as far as the process knows (empty if it
--          doesn't), whether the process has been on its own; then id and milliseconds left of each place that
--          the process has
local base, id, about = KEYS[1], ARGV[1], ARGV[2]
local max, window, unsettled = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local known, was_alone = ARGV[6], ARGV[7] == '1'

local BEGUN_S = 604800
-- Every process that wants a place finds within this time that the server is back, and tells what it took alone.
local BACK_WITHIN_MS = 10000

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local begun = redis.call('GET', base .. ':begun')
if begun then
  redis.call('EXPIRE', base .. ':begun', BEGUN_S)
else
  begun = now .. ':' .. id
  redis.call('SET', base .. ':begun', begun, 'EX', BEGUN_S)
end

-- While the server was away others were on their own, too; after a flush nobody knows what was taken before.
local held, hold = base .. ':held', was_alone and BACK_WITHIN_MS or 0
if known ~= '' and known ~= begun then
  hold = math.max(hold, tonumber(string.match(begun, '^%d+')) + window + BACK_WITHIN_MS - now)
end
if hold > math.max(redis.call('PTTL', held), 0) then
  redis.call('SET', held, 1, 'PX', hold)
end

local taken, closed = base .. ':taken:' .. about, base .. ':closed:' .. about
redis.call('ZREMRANGEBYSCORE', taken, '-inf', now)
-- What lies further ahead than any place can was written before the server's clock was set back.
redis.call('ZREMRANGEBYSCORE', taken, '(' .. (now + window + unsettled), '+inf')
for place = 8, #ARGV, 2 do
  redis.call('ZADD', taken, 'NX', now + ARGV[place + 1], ARGV[place])
end

local pause = math.max(redis.call('PTTL', held), redis.call('PTTL', closed), 0)
if redis.call('ZCARD', taken) >= max then
  -- What is under way will most likely be settled in a moment.
  local first = tonumber(redis.call('ZRANGE', taken, 0, 0, 'WITHSCORES')[2]) - now
  pause = math.max(pause, math.min(first, window))
end
if pause == 0 then
  redis.call('ZADD', taken, now + window + unsettled, id)
end
redis.call('PEXPIRE', taken, window + unsettled)
return { pause, begun }

-- Learns from what came of a call.
--
-- KEYS[1]  the limiter; all its keys begin so
-- ARGV     id of the call and the bucket that it was counted in (both empty if it needed no permission), route,
--          what it is about; the answer's bucket, limit, remaining, reset after (ms), each empty if unknown;
--          who has to wait, for how long (ms); whether an answer came; whether it is held against us; the
--          window (ms) that such are counted over
local base, id, taken, route, about = KEYS[1], ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local name, limit, remaining, reset = ARGV[5], tonumber(ARGV[6]), tonumber(ARGV[7]), tonumber(ARGV[8])
local who, pause, answered, is_invalid = ARGV[9], tonumber(ARGV[10]), ARGV[11] == '1', ARGV[12] == '1'
local invalid_window = tonumber(ARGV[13])

local SECOND_MS, BUCKET_KEPT_MS, ROUTES_KEPT_S = 1000, 600000, 86400

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

if is_invalid then
  redis.call('ZADD', base .. ':invalid', now, now .. ':' .. time[2] .. ':' .. id)
  redis.call('PEXPIRE', base .. ':invalid', invalid_window)
end
if who == 'everybody' and pause > redis.call('PTTL', base .. ':blocked') then
  redis.call('SET', base .. ':blocked', 1, 'PX', pause)
end
if id == '' then
  return
end

redis.call('ZREM', taken .. ':under_way', id)
local counted = tonumber(redis.call('ZSCORE', base .. ':sent', id) or '')
if counted and counted > now + SECOND_MS then
  redis.call('ZADD', base .. ':sent', now + SECOND_MS, id)
end

local routes = base .. ':routes'
if name ~= '' then
  redis.call('HSET', routes, route, name)
  redis.call('EXPIRE', routes, ROUTES_KEPT_S)
end
if who == 'everybody' then
  return
end

local bucket = base .. ':bucket:' .. (redis.call('HGET', routes, route) or route) .. ':' .. about
local function know(all, left, ends)
  redis.call('HSET', bucket, 'limit', all, 'left', left, 'ends', ends)
  redis.call('PEXPIRE', bucket, math.max(BUCKET_KEPT_MS, ends - now + 1000))
end

if who == 'bucket' then
  know(math.max(limit or 1, 1), 0, now + pause)
elseif limit and remaining and reset then
  local known = redis.call('HMGET', bucket, 'limit', 'left', 'ends')
  local all, left, ends = tonumber(known[1] or ''), tonumber(known[2] or ''), tonumber(known[3] or '')
  if all and all > 0 and (not ends or ends > now) then
    -- In the same window our own count is newer than an answer that others have overtaken.
    left = math.min(left, remaining)
  else
    left = math.max(remaining - redis.call('ZCARD', bucket .. ':under_way'), 0)
  end
  know(math.max(limit, 1), left, now + reset)
elseif answered and redis.call('HEXISTS', bucket, 'limit') == 0 then
  -- Discord told of no limit.
  redis.call('HSET', bucket, 'limit', 0)
  redis.call('PEXPIRE', bucket, BUCKET_KEPT_MS)
end

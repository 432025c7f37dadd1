-- Grants one call, or says who has to wait for how long: {word, milliseconds, bucket}.
--
-- KEYS[1]  the limiter; all its keys begin so
-- ARGV     id of the call, route, what it is about, calls per second, invalid calls per window, that window (ms)
local base, id, route, about = KEYS[1], ARGV[1], ARGV[2], ARGV[3]
local per_second, invalid_max, invalid_window = tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])

-- A call that is never reported counts towards the second for so long, and towards its bucket.
local UNREPORTED_SECOND_MS, UNREPORTED_BUCKET_MS = 2000, 12000
-- How long a limiter that knows nothing lets nobody call, and how long one remembers that it has begun.
local BEGINNING_MS, BEGUN_S = 1000, 604800
local BUCKET_KEPT_MS = 600000

local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)

local function earliest(key)
  return tonumber(redis.call('ZRANGE', key, 0, 0, 'WITHSCORES')[2])
end

local blocked, invalid, sent = base .. ':blocked', base .. ':invalid', base .. ':sent'

-- After a flush nobody knows what was sent a moment ago.
if redis.call('EXPIRE', base .. ':begun', BEGUN_S) == 0 then
  redis.call('SET', base .. ':begun', now, 'EX', BEGUN_S)
  redis.call('SET', blocked, 1, 'PX', BEGINNING_MS)
end

local pause = math.max(redis.call('PTTL', blocked), 0)

redis.call('ZREMRANGEBYSCORE', invalid, '-inf', now - invalid_window)
if redis.call('ZCARD', invalid) >= invalid_max then
  pause = math.max(pause, earliest(invalid) + invalid_window - now)
end

-- What lies further ahead than any call can was written before the server's clock was set back.
redis.call('ZREMRANGEBYSCORE', sent, '-inf', now)
redis.call('ZREMRANGEBYSCORE', sent, '(' .. (now + UNREPORTED_SECOND_MS), '+inf')
if redis.call('ZCARD', sent) >= per_second then
  pause = math.max(pause, earliest(sent) - now)
end

if pause > 0 then
  return { 'everybody', pause, '' }
end

local bucket = base .. ':bucket:' .. (redis.call('HGET', base .. ':routes', route) or route) .. ':' .. about
local under_way = bucket .. ':under_way'
redis.call('ZREMRANGEBYSCORE', under_way, '-inf', now)
local flying = redis.call('ZCARD', under_way)
local known = redis.call('HMGET', bucket, 'limit', 'left', 'ends')
local limit, left, ends = tonumber(known[1] or ''), tonumber(known[2] or ''), tonumber(known[3] or '')

if limit == nil then
  -- Nothing is known: one call at a time, until its answer tells.
  if flying > 0 then
    return { 'others', 0, '' }
  end
elseif limit > 0 then
  -- A window that is over, or in which nobody has answered and nobody will.
  if (ends and ends <= now) or (not ends and flying == 0) then
    left, ends = math.max(limit - flying, 0), nil
  end
  if left <= 0 then
    if ends then
      return { 'bucket', ends - now, '' }
    end
    return { 'others', 0, '' }
  end
  redis.call('HSET', bucket, 'left', left - 1)
  if not ends then
    redis.call('HDEL', bucket, 'ends')
  end
end

redis.call('ZADD', under_way, now + UNREPORTED_BUCKET_MS, id)
redis.call('PEXPIRE', under_way, UNREPORTED_BUCKET_MS)
redis.call('PEXPIRE', bucket, BUCKET_KEPT_MS)
redis.call('ZADD', sent, now + UNREPORTED_SECOND_MS, id)
redis.call('PEXPIRE', sent, UNREPORTED_SECOND_MS)
return { 'granted', 0, bucket }

-- Puts a value (ARGV[1]) of a version (ARGV[2]) for ARGV[3] milliseconds, unless a newer one is there.
local held = redis.call('GET', KEYS[1])
if held then
  local is_json, there = pcall(cjson.decode, held)
  local kept = is_json and type(there) == 'table' and there.kept
  local version = type(kept) == 'table' and kept.version
  if type(version) == 'number' and version > tonumber(ARGV[2]) then
    return 0
  end
end
redis.call('SET', KEYS[1], ARGV[1], 'PX', ARGV[3])
return 1

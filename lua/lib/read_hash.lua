-- read_hash: a hash as a Lua table, or nil where there is none.
local function read_hash(key)
  local flat = redis.call("HGETALL", key)
  if #flat == 0 then
    return nil
  end
  local record = {}
  for i = 1, #flat, 2 do
    record[flat[i]] = flat[i + 1]
  end
  return record
end

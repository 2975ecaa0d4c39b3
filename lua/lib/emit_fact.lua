-- emit_fact: appends one fact to the partition's outbox, in the same breath as the change it tells.
-- The entry id *is* the position (epoch-seq), so a cursor never depends on a server's clock.
-- XADD comes first: were it ever refused, nothing has been written yet.
--- @include "lib/whole"
local function emit_fact(head_key, outbox_key, name, now, fields)
  local head = redis.call("HMGET", head_key, "epoch", "seq")
  local seq = whole(tonumber(head[2]) + 1)
  redis.call("XADD", outbox_key, head[1] .. "-" .. seq,
    "fact", name, "at", whole(now), unpack(fields))
  redis.call("HSET", head_key, "seq", seq)
end

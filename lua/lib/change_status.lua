-- change_status: sets the status of an event, with its fact.
--- @include "lib/whole"
--- @include "lib/emit_fact"
local function change_status(keys, fact, now, event_id, event, status)
  local version = whole(tonumber(event.version) + 1)
  emit_fact(keys.head, keys.outbox, fact, now, { "event_id", event_id, "version", version })
  redis.call("HSET", keys.event, "status", status, "version", version)
end

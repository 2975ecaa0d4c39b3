#!lua flags=allow-oom
--[[
take_lease: become, or stay, the one relay of a partition. The token grows with every new owner.

KEYS
  1 lease  hash    owner, token, until
ARGV
  1 now_ms     int   0 = the server's clock
  2 owner      text  who asks
  3 lease_ms   int   how long the lease shall last; 0 gives it back
REPLY
  GRANTED token    the caller owns it
  TAKEN owner      somebody else does
EMITS
  nothing
COST
  O(1)
]]
--- @include "lib/now_ms"
--- @include "lib/whole"

local now = now_ms(ARGV[1])
local lease = redis.call("HMGET", KEYS[1], "owner", "token", "until")
local owner, token = lease[1], tonumber(lease[2] or "0")
local is_running = owner and tonumber(lease[3]) > now
if is_running and owner ~= ARGV[2] then
  return { "TAKEN", now, owner }
elseif not is_running or owner ~= ARGV[2] then
  token = token + 1
end
redis.call("HSET", KEYS[1],
  "owner", ARGV[2], "token", whole(token), "until", whole(now + tonumber(ARGV[3])))
return { "GRANTED", now, whole(token) }

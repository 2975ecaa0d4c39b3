-- refuse_run: the reply of a command that must not run at all, or nil.
-- LATE: its caller has given up by now. NOT_READY: this Redis was never started, or lost its data.
local function refuse_run(now, not_after, head_key)
  if now > tonumber(not_after) then
    return { "LATE", now }
  end
  if redis.call("EXISTS", head_key) == 0 then
    return { "NOT_READY", now }
  end
  return nil
end

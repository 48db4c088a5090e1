-- GET $BASE?$PAGES with the access token $TOKEN, where "$TIME" in $PAGES is a different time in the future each time, also in a
-- later run, so that no page is cached.
local common = dofile(debug.getinfo(1, "S").source:match("^@(.*/)") .. "common.lua")

local path, headers = common.setting("BASE") .. "?" .. common.setting("PAGES"), common.auth_headers()
local before, after = path:match("^(.*)%$TIME(.*)$")
local second, microsecond, prefix

-- A run makes less than a million requests per second, so those of the next run are for later seconds.
local function next_second()
  second, microsecond = (second or os.time() + 3000000000) + 1, 0
  prefix = before .. os.date("!%Y-%m-%dT%H:%M:%S.", second)
end

function init() next_second() end

function request()
  if microsecond == 999999 then next_second() end
  microsecond = microsecond + 1
  return wrk.format("GET", prefix .. string.format("%06dZ", microsecond) .. after, headers)
end

function done(summary, latency) common.report(summary, latency) end

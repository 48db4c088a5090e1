-- GET $BASE?$PAGES with the access token $TOKEN, where "$TIME" in $PAGES is a different time in the future each time, so that
-- no page is cached.
local common = dofile(debug.getinfo(1, "S").source:match("^@(.*/)") .. "common.lua")

local path, headers = common.setting("BASE") .. "?" .. common.setting("PAGES"), common.auth_headers()
local before, after = path:match("^(.*)%$TIME(.*)$")
local number

function init() number = math.random(0, 4000) * 2000000 end

function request()
  number = number + 1
  local time = string.format("21%02d-01-01T00:00:00.%06dZ", math.floor(number / 1000000) % 100, number % 1000000)
  return wrk.format("GET", before .. time .. after, headers)
end

function done(summary, latency) common.report(summary, latency) end

-- GET $BASE?limit=20 with the access token $TOKEN and a different time bound in the future each time, so that no page is
-- cached.
local common = dofile(debug.getinfo(1, "S").source:match("^@(.*/)") .. "common.lua")

local base, headers = common.setting("BASE"), common.auth_headers()
local number

function init() number = math.random(0, 4000) * 2000000 end

function request()
  number = number + 1
  local time = string.format("21%02d-01-01T00:00:00.%06dZ", math.floor(number / 1000000) % 100, number % 1000000)
  return wrk.format("GET", base .. "?limit=20&created_before=" .. time, headers)
end

function done(summary, latency) common.report(summary, latency) end

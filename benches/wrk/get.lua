-- GET $BASE/{id} with the access token $TOKEN, for the ids in the file $IDS (one per line), in a random order that is the
-- same in each run.
local common = dofile(debug.getinfo(1, "S").source:match("^@(.*/)") .. "common.lua")

local requests, last = {}, 0

function init()
  math.randomseed(42)
  requests = common.lines("IDS")
  for i = #requests, 2, -1 do
    local j = math.random(i)
    requests[i], requests[j] = requests[j], requests[i]
  end
  local base, headers = common.setting("BASE"), common.auth_headers()
  for i = 1, #requests do requests[i] = wrk.format("GET", base .. "/" .. requests[i], headers) end
end

function request()
  last = last % #requests + 1
  return requests[last]
end

function done(summary, latency) common.report(summary, latency) end

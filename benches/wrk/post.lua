-- POST $BASE with the access token $TOKEN and the JSON in the file $BODY.
local common = dofile(debug.getinfo(1, "S").source:match("^@(.*/)") .. "common.lua")

local creation

function init()
  local headers = common.auth_headers()
  headers["Content-Type"] = "application/json"
  creation = wrk.format("POST", common.setting("BASE"), headers, table.concat(common.lines("BODY"), "\n"))
end

function request() return creation end

function done(summary, latency) common.report(summary, latency) end

-- POST $BASE, signed in by $TOKEN: the JSON of the file $BODY.
local common = dofile(debug.getinfo(1, "S").source:match("^@(.*/)") .. "common.lua")

local creation

function init()
  local headers = common.signed_in()
  headers["Content-Type"] = "application/json"
  creation = wrk.format("POST", common.setting("BASE"), headers, table.concat(common.lines("BODY"), "\n"))
end

function request() return creation end

function done(summary, latency) common.report(summary, latency) end

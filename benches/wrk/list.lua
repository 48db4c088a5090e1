-- GET $BASE?limit=20, signed in by $TOKEN.
local common = dofile(debug.getinfo(1, "S").source:match("^@(.*/)") .. "common.lua")

local page

function init() page = wrk.format("GET", common.setting("BASE") .. "?limit=20", common.signed_in()) end

function request() return page end

function done(summary, latency) common.report(summary, latency) end

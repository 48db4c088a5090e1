-- GET $BASE?limit=20 with the access token $TOKEN.
local common = dofile(debug.getinfo(1, "S").source:match("^@(.*/)") .. "common.lua")

local page

function init() page = wrk.format("GET", common.setting("BASE") .. "?limit=20", common.auth_headers()) end

function request() return page end

function done(summary, latency) common.report(summary, latency) end

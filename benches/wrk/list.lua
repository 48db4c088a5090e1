-- GET $BASE?$LIST with the access token $TOKEN.
local common = dofile(debug.getinfo(1, "S").source:match("^@(.*/)") .. "common.lua")

local page

function init() page = wrk.format("GET", common.setting("BASE") .. "?" .. common.setting("LIST"), common.auth_headers()) end

function request() return page end

function done(summary, latency) common.report(summary, latency) end

-- PATCH $BASE/{id} with the access token $TOKEN, for the ids in the file $IDS in turns: a few words of a text are others each
-- time, also in a later run, since a text that stays the same is not written.
local common = dofile(debug.getinfo(1, "S").source:match("^@(.*/)") .. "common.lua")

local base, headers = common.setting("BASE"), common.auth_headers()
local ids, words, last = {}, {}, 0

function init()
  math.randomseed(os.time())
  ids = common.lines("IDS")
  for i = 1, 49 do words[i] = string.format("%07x", math.random(0, 0xfffffff)) end
  headers["Content-Type"] = "application/json"
end

function request()
  last = last + 1
  words[last % #words + 1] = string.format("%07x", math.random(0, 0xfffffff))
  return wrk.format("PATCH", base .. "/" .. ids[last % #ids + 1], headers, '{"content":"' .. table.concat(words, " ") .. '"}')
end

function done(summary, latency) common.report(summary, latency) end

-- As an application would: of ten requests, six GET $BASE/{id}, two the list $BASE?$LIST, one searches with $BASE?$SEARCH, where
-- "$WORD" in $SEARCH is a different part of a word each time, and one changes the text of a memo (PATCH $BASE/{id}). All by
-- the user of $TOKEN, on the memos in the file $IDS, whose number stays the same. No text is that of an earlier run: it would
-- not be written.
local common = dofile(debug.getinfo(1, "S").source:match("^@(.*/)") .. "common.lua")

local base, headers = common.setting("BASE"), common.auth_headers()
local search = common.setting("SEARCH")
local pattern = { "get", "get", "list", "get", "get", "search", "get", "list", "get", "edit" }
local ids, texts, gets, page, last = {}, {}, {}, nil, 0
local editing, run = {}, os.time()

function init()
  math.randomseed(42)
  ids = common.lines("IDS")
  for i, id in ipairs(ids) do gets[i] = wrk.format("GET", base .. "/" .. id, headers) end
  page = wrk.format("GET", base .. "?" .. common.setting("LIST"), headers)
  -- Like the seeded texts, so that searches find as much as before.
  for i = 1, 64 do
    local words = {}
    for j = 1, 49 do words[j] = string.format("%07x", math.random(0, 0xfffffff)) end
    texts[i] = table.concat(words, " ")
  end
  for name, value in pairs(headers) do editing[name] = value end
  editing["Content-Type"] = "application/json"
end

local make = {
  get = function() return gets[math.random(#gets)] end,
  list = function() return page end,
  search = function()
    local query = search:gsub("%$WORD", string.format("%04x", math.random(0, 0xffff)))
    return wrk.format("GET", base .. "?" .. query, headers)
  end,
  edit = function()
    local body = string.format('{"content":"%x %07x %s"}', run, last, texts[math.random(#texts)])
    return wrk.format("PATCH", base .. "/" .. ids[math.random(#ids)], editing, body)
  end,
}

function request()
  last = last + 1
  return make[pattern[last % #pattern + 1]]()
end

function done(summary, latency) common.report(summary, latency) end

-- POST $BASE: signs in by password, in turns for the users in the file $USERS (one e-mail address per line).
-- A refused connection waits for $PAUSE_MS before its next attempt.
local common = dofile(debug.getinfo(1, "S").source:match("^@(.*/)") .. "common.lua")

-- Global, so that done(), which runs in another Lua state, can read them from each thread.
signed_in, refused, refused_without_retry_after, others = 0, 0, 0, 0

local pause = tonumber(common.setting("PAUSE_MS"))
local requests, last, pending_pauses, threads = {}, 0, 0, {}

local function encoded(text)
  return (text:gsub("[^%w]", function(character) return string.format("%%%02X", character:byte()) end))
end

function setup(thread) threads[#threads + 1] = thread end

function init()
  local headers = { ["Content-Type"] = "application/x-www-form-urlencoded" }
  local password = encoded(common.setting("PASSWORD"))
  for i, email in ipairs(common.lines("USERS")) do
    local form = "grant_type=password&username=" .. encoded(email) .. "&password=" .. password
    requests[i] = wrk.format("POST", common.setting("BASE"), headers, form)
  end
end

function request()
  last = last % #requests + 1
  return requests[last]
end

if pause > 0 then
  function delay()
    if pending_pauses == 0 then return 0 end
    pending_pauses = pending_pauses - 1
    return pause
  end
end

function response(status, headers)
  if status == 200 then
    signed_in = signed_in + 1
  elseif status == 503 then
    refused, pending_pauses = refused + 1, pending_pauses + 1
    if not (headers["retry-after"] or headers["Retry-After"]) then
      refused_without_retry_after = refused_without_retry_after + 1
    end
  else
    others = others + 1
  end
end

function done(summary, latency)
  local more = ""
  for _, name in ipairs({ "signed_in", "refused", "refused_without_retry_after", "others" }) do
    local sum = 0
    for _, thread in ipairs(threads) do sum = sum + thread:get(name) end
    more = more .. string.format(',"%s":%d', name, sum)
  end
  common.report(summary, latency, more)
end

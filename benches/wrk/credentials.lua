-- GET $TARGET with the headers in the file $HEADERS, a request per line: names and values in turns, each followed by a tab. Each
-- line is sent once, from the first one on, since a signature with a nonce is valid once; the last line is sent again.
local common = dofile(debug.getinfo(1, "S").source:match("^@(.*/)") .. "common.lua")

local requests, last = {}, 0

function init()
  for line in io.lines(common.setting("HEADERS")) do
    local headers = {}
    for name, value in line:gmatch("([^\t]*)\t([^\t]*)\t") do headers[name] = value end
    requests[#requests + 1] = wrk.format("GET", common.setting("TARGET"), headers)
  end
end

function request()
  if last < #requests then last = last + 1 end
  return requests[last]
end

function done(summary, latency) common.report(summary, latency) end

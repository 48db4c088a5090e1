-- Shared by the scripts: settings from the environment, and the line of JSON that `run` reads.
local common = {}

function common.setting(name)
  return os.getenv(name) or error("the variable " .. name .. " is not set")
end

function common.lines(name)
  local lines = {}
  for line in io.lines(common.setting(name)) do lines[#lines + 1] = line end
  return lines
end

function common.auth_headers()
  return { Authorization = "Bearer " .. common.setting("TOKEN") }
end

-- wrk counts responses of 400 and above as status errors, but not those of 3xx. Counting these here would need a callback
-- for each response, which slows wrk down, so `run` checks the number of bytes instead.
-- `more` is a string of further JSON fields, each after a comma.
function common.report(summary, latency, more)
  local errors = summary.errors
  print(string.format(
    '{"requests":%d,"duration_us":%d,"bytes":%d,"errors":%d,"non_2xx":%d,"p50_us":%d,"p99_us":%d%s}',
    summary.requests,
    summary.duration,
    summary.bytes,
    errors.connect + errors.read + errors.write + errors.timeout + errors.status,
    errors.status,
    latency:percentile(50),
    latency:percentile(99),
    more or ""
  ))
end

return common

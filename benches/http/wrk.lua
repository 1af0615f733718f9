-- What wrk cannot do by itself: exact figures on one line, and a random one of many paths for each request.
--
-- usage: wrk … -s wrk.lua URL [-- FILE]     FILE has one path a line

function init(args)
  if not args[1] then return end
  local requests = {}
  for path in io.lines(args[1]) do
    requests[#requests + 1] = wrk.format("GET", path)
  end
  math.randomseed(#requests)
  function request()
    return requests[math.random(#requests)]
  end
end

function done(summary, latency)
  local errors = summary.errors
  local failed = errors.connect + errors.read + errors.write + errors.status + errors.timeout
  print(string.format("figures %d %d %d %d %d", summary.requests, summary.bytes, summary.duration, latency:percentile(99), failed))
end

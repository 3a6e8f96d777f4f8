-- What wrk sends: wrk … URL -- <target up to the number> <number to begin with> <step: 1 every call new, 0 all the same> <file with Authorization values> <rest of the target>
local first, rest, number, step = {}, {}, 0, 0
local callers, position = 0, 0

function init(args)
  local target = args[1]
  number, step = tonumber(args[2]), tonumber(args[3])
  local after = args[5] or ""
  for authorization in io.lines(args[4]) do
    callers = callers + 1
    rest[callers] = after .. " HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: " .. authorization
      .. "\r\nAccept: application/json\r\nAccept-Language: nl-nl\r\nAccept-Encoding: gzip, deflate\r\nUser-Agent: hours-app/4.2 (iPhone)\r\n\r\n"
  end
  first = "GET " .. target
end

function request()
  number = number + step
  position = position % callers + 1
  return first .. number .. rest[position]
end

function done(summary, latency, requests)
  io.write(string.format("MEASURED %d %d %d %d %d %d %d %d\n",
    summary.requests, summary.bytes, summary.duration, latency:percentile(50), latency:percentile(90), latency:percentile(99),
    summary.errors.status, summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout))
end

-- The peer in nginx + Lua: token looked up by its SHA-256, query narrowed, credential swapped.
-- Loaded once, at start, with the rights; gives the function that is called for each request.
local ffi = require("ffi")
ffi.cdef("unsigned char *SHA256(const unsigned char *data, size_t length, unsigned char *digest);")
local digest = ffi.new("unsigned char[32]")

local rights = ...
local known = {
  skip = true, take = true, orderbyfieldids = true, filterfieldids = true, filtervalues = true, operatortypes = true,
}

local function caller_of(authorization)
  local encoded = authorization and authorization:match("^AfasToken (%S+)$")
  local xml = encoded and ngx.decode_base64(encoded)
  local data = xml and xml:match("<data>(%x+)</data>")
  if not data or #data ~= 64 then
    return nil
  end
  ffi.C.SHA256(data, #data, digest)
  return rights.tokens[ngx.encode_base64(ffi.string(digest, 32))]
end

local function commas(list)
  return select(2, list:gsub(",", ","))
end

-- The arguments with the department added to the client's filter; nil for what is not understood.
local function narrow(arguments, field, department)
  for name, value in pairs(arguments) do
    if not known[name] or type(value) ~= "string" or value:find(";", 1, true) then
      return nil
    end
  end
  local fields, values, operators = arguments.filterfieldids or "", arguments.filtervalues or "", arguments.operatortypes or ""
  if commas(fields) ~= commas(values) or commas(fields) ~= commas(operators) then
    return nil
  end
  if fields ~= "" then
    field, department, operators = fields .. "," .. field, values .. "," .. department, operators .. ",1"
  else
    operators = "1"
  end
  arguments.filterfieldids, arguments.filtervalues, arguments.operatortypes = field, department, operators
  return arguments
end

return function()
  local caller = caller_of(ngx.var.http_authorization)
  if not caller then
    return ngx.exit(ngx.HTTP_UNAUTHORIZED)
  end
  local field = rights.fields[ngx.var.uri:sub(#"/ProfitRestServices/connectors/" + 1)]
  if not field or ngx.req.get_method() ~= "GET" then
    return ngx.exit(ngx.HTTP_FORBIDDEN)
  end
  local arguments, problem = ngx.req.get_uri_args(20)
  local narrowed = not problem and narrow(arguments, field, caller.department)
  if not narrowed then
    return ngx.exit(ngx.HTTP_BAD_REQUEST)
  end
  ngx.req.set_uri_args(narrowed)
  ngx.req.set_header("Authorization", rights.backend_credential)
end

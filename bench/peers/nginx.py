"""nginx: once only forwarding, once doing the same work in Lua. One worker, connections kept on both sides, buffered access log."""

import base64
import json
import os
from collections.abc import Sequence
from pathlib import Path

from bench.peers.peer import BENCH, Command, Kind, Peer, Place

NGINX = Path("/usr/sbin/nginx")
_MODULES = Path("/usr/lib/nginx/modules")
_LUA = (_MODULES / "ndk_http_module.so", _MODULES / "ngx_http_lua_module.so")


def configuration(place_of_files: Path, server: str, http: str = "", modules: Sequence[Path] = (), connections: int = 4096) -> str:
    """A whole nginx.conf for one worker that keeps all its files in one folder; `server` holds the lines of the only server."""
    user = "user root;" if os.geteuid() == 0 else ""
    temporary = "\n".join(f"  {kind}_temp_path {place_of_files}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    loaded = "\n".join(f"load_module {module};" for module in modules)
    return f"""{loaded}
{user}
worker_processes 1;
worker_rlimit_nofile {connections};
daemon off;
pid {place_of_files}/nginx.pid;
error_log {place_of_files}/error.log warn;
events {{ worker_connections {connections}; }}
http {{
{temporary}
  default_type application/json;
  access_log off;
  keepalive_requests 100000000;
  keepalive_timeout 120s;
  tcp_nodelay on;
{http}
  server {{
{server}
  }}
}}
"""


def command(folder: Path) -> Command:
    """nginx on the `nginx.conf` in this folder."""
    return [NGINX, "-e", folder / "error.log", "-p", folder, "-c", folder / "nginx.conf"]


def _verifying(authority: Path) -> str:
    return f"""
      proxy_ssl_verify on;
      proxy_ssl_trusted_certificate {authority};
      proxy_ssl_name localhost;
      proxy_ssl_session_reuse on;"""


def _proxy(place: Place, access: str = "", http: str = "", modules: Sequence[Path] = ()) -> list[Command]:
    server = f"""    listen 127.0.0.1:{place.port} backlog=4096;
    access_log {place.folder}/access.log combined buffer=64k flush=1s;
    location / {{
{access}
      proxy_pass {"https" if place.authority else "http"}://backend;{_verifying(place.authority) if place.authority else ""}
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host $proxy_host;
      proxy_buffer_size 16k;
      proxy_buffers 16 64k;
      proxy_busy_buffers_size 256k;
      proxy_max_temp_file_size 0;
    }}"""
    upstream = f"  upstream backend {{ server 127.0.0.1:{place.backend_port}; keepalive 256; keepalive_requests 100000000; }}\n"
    (place.folder / "nginx.conf").write_text(configuration(place.folder, server, upstream + http, modules))
    return [command(place.folder)]


def _lua(place: Place) -> list[Command]:
    (place.folder / "rights.lua").write_text(_as_lua(json.loads(place.rights.read_text())))
    return _proxy(
        place,
        access="      access_by_lua_block { narrow() }",
        http=f'  init_by_lua_block {{ narrow = loadfile("{BENCH}/peers/lua/narrow.lua")(dofile("{place.folder}/rights.lua")) }}\n',
        modules=_LUA,
    )


def _as_lua(rights: dict[str, dict[str, dict[str, str]]]) -> str:
    """The rights as a Lua table, with digests in base64, which Lua in nginx can make."""
    tokens = ",\n".join(
        f'  ["{base64.b64encode(bytes.fromhex(digest)).decode()}"] = {{ department = "{caller["department"]}" }}'
        for digest, caller in rights["tokens"].items()
    )
    fields = ", ".join(f'["{connector}"] = "{field}"' for connector, field in rights["fields"].items())
    return (
        f'return {{\n fields = {{ {fields} }},\n backend_credential = "{rights["backend_credential"]}",\n tokens = {{\n{tokens}\n }} }}\n'
    )


FORWARDS = Peer("nginx, forwards only", Kind.LIMIT, _proxy, (NGINX,))
FORWARDS_TLS = Peer("nginx, forwards only, TLS to the backend", Kind.LIMIT, _proxy, (NGINX,), tls=True)
LUA = Peer("nginx + Lua", Kind.PEER, _lua, (NGINX, *_LUA))

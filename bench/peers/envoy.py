"""Envoy: once only forwarding, once asking an external authorizer over HTTP. The authorizer is `python/authorizer.py`."""

import json
from typing import Any

from bench.peers.peer import ENVIRONMENT, Command, Kind, Peer, Place
from bench.peers.python import PYTHON, SCRIPTS

_ENVOY = ENVIRONMENT / "envoy"
_EXTENSIONS = "type.googleapis.com/envoy.extensions"


def _forwards(place: Place) -> list[Command]:
    return [_envoy(place, [], [_cluster("backend", place.backend_port)])]


def _with_authorizer(place: Place) -> list[Command]:
    matching = {"patterns": [{"exact": name, "ignore_case": True} for name in ("authorization", "x-narrowed")]}
    authorize = {
        "name": "authorize",
        "typed_config": {
            "@type": f"{_EXTENSIONS}.filters.http.ext_authz.v3.ExtAuthz",
            "http_service": {
                "server_uri": {"uri": f"http://127.0.0.1:{place.spare_port}", "cluster": "authorizer", "timeout": "10s"},
                "authorization_response": {"allowed_upstream_headers": matching},
            },
        },
    }
    # An authorizer spoken to over HTTP can only add headers; its narrowed target becomes the target here.
    retarget = {
        "name": "retarget",
        "typed_config": {
            "@type": f"{_EXTENSIONS}.filters.http.lua.v3.Lua",
            "default_source_code": {
                "inline_string": """function envoy_on_request(handle)
  local headers = handle:headers()
  headers:replace(":path", headers:get("x-narrowed"))
  headers:remove("x-narrowed")
end"""
            },
        },
    }
    clusters = [_cluster("backend", place.backend_port), _cluster("authorizer", place.spare_port)]
    return [[PYTHON, SCRIPTS / "authorizer.py", str(place.spare_port), place.rights], _envoy(place, [authorize, retarget], clusters)]


def _cluster(name: str, port: int) -> dict[str, Any]:
    address = {"socket_address": {"address": "127.0.0.1", "port_value": port}}
    return {
        "name": name,
        "type": "STATIC",
        "connect_timeout": "5s",
        "load_assignment": {"cluster_name": name, "endpoints": [{"lb_endpoints": [{"endpoint": {"address": address}}]}]},
    }


def _envoy(place: Place, filters: list[dict[str, Any]], clusters: list[dict[str, Any]]) -> Command:
    router = {"name": "router", "typed_config": {"@type": f"{_EXTENSIONS}.filters.http.router.v3.Router"}}
    everything = {"match": {"prefix": "/"}, "route": {"cluster": "backend", "timeout": "0s"}}
    manager = {
        "@type": f"{_EXTENSIONS}.filters.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "bench",
        "route_config": {"virtual_hosts": [{"name": "all", "domains": ["*"], "routes": [everything]}]},
        "http_filters": [*filters, router],
        "access_log": [
            {
                "name": "file",
                "typed_config": {"@type": f"{_EXTENSIONS}.access_loggers.file.v3.FileAccessLog", "path": str(place.folder / "access.log")},
            }
        ],
    }
    configuration = {
        "static_resources": {
            "listeners": [
                {
                    "address": {"socket_address": {"address": "127.0.0.1", "port_value": place.port}},
                    "filter_chains": [{"filters": [{"name": "http", "typed_config": manager}]}],
                }
            ],
            "clusters": clusters,
        }
    }
    file = place.folder / "envoy.json"
    file.write_text(json.dumps(configuration, indent=1))
    return [_ENVOY, "--config-path", file, "--concurrency", "1", "--disable-hot-restart", "--log-level", "error"]


FORWARDS = Peer("Envoy, forwards only", Kind.LIMIT, _forwards, (_ENVOY,))
WITH_AUTHORIZER = Peer("Envoy + external authorizer", Kind.PEER, _with_authorizer, (_ENVOY, PYTHON))

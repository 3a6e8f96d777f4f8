"""The peer as a mitmproxy script: mitmdump --mode reverse:<backend> -s mitmproxy_script.py --set rights=<rights.json>"""

from mitmproxy import ctx, http
from mitmproxy.addonmanager import Loader
from same_work import Refused, Rights


class Narrow:
    """Refuses or rewrites each request before it goes to the backend."""

    rights: Rights

    def load(self, loader: Loader) -> None:
        loader.add_option("rights", str, "", "file with the rights")

    def configure(self, updated: set[str]) -> None:
        if "rights" in updated:
            self.rights = Rights.load(ctx.options.rights)

    def requestheaders(self, flow: http.HTTPFlow) -> None:
        path, _, query = flow.request.path.partition("?")
        try:
            narrowed = self.rights.narrow(flow.request.method, path, query, flow.request.headers.get("authorization"))
        except Refused as refused:
            flow.response = http.Response.make(refused.status)
            return
        flow.request.path = narrowed.target
        flow.request.headers["authorization"] = self.rights.backend_credential

    def responseheaders(self, flow: http.HTTPFlow) -> None:
        flow.response.stream = True


addons = [Narrow()]

"""What every Python peer does before it forwards: token looked up by its SHA-256, query narrowed."""

import base64
import binascii
import hashlib
import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple
from urllib.parse import parse_qsl, urlencode

BASE = "/ProfitRestServices/connectors/"
HOP_BY_HOP = frozenset(
    {"connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "te", "trailer", "transfer-encoding", "upgrade"}
)
_DATA = re.compile(rb"<data>([0-9A-Fa-f]{64})</data>")
_KNOWN = frozenset({"skip", "take", "orderbyfieldids", "filterfieldids", "filtervalues", "operatortypes"})


class Refused(Exception):  # noqa: N818  an outcome
    """The call is not forwarded."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class Narrowed(NamedTuple):
    """What to ask the backend for, and for whom."""

    target: str
    user: str


@dataclass(frozen=True, slots=True)
class Rights:
    """Who may see what; the same file for every peer."""

    tokens: dict[str, dict[str, str]]
    fields: dict[str, str]
    backend_credential: str

    @classmethod
    def load(cls, file: str) -> "Rights":
        return cls(**json.loads(Path(file).read_bytes()))

    def narrow(self, method: str, path: str, query: str, authorization: str | None) -> Narrowed:
        caller = self._caller(authorization or "")
        field = self.fields.get(path.removeprefix(BASE)) if path.startswith(BASE) else None
        if field is None or method != "GET":
            raise Refused(403)
        return Narrowed(f"{path}?{_narrow(query, field, caller['department'])}", caller["user"])

    def _caller(self, authorization: str) -> dict[str, str]:
        try:
            data = _DATA.search(base64.b64decode(authorization.removeprefix("AfasToken "), validate=True))
        except binascii.Error:
            data = None
        caller = self.tokens.get(hashlib.sha256(data[1]).hexdigest()) if data else None
        if caller is None:
            raise Refused(401)
        return caller


def _narrow(query: str, field: str, department: str) -> str:
    pairs = parse_qsl(query, keep_blank_values=True)
    parameters = dict(pairs)
    if len(parameters) != len(pairs) or not parameters.keys() <= _KNOWN or any(";" in value for value in parameters.values()):
        raise Refused(400)
    lists = [parameters[name].split(",") if parameters.get(name) else [] for name in ("filterfieldids", "filtervalues", "operatortypes")]
    if len({len(each) for each in lists}) != 1:
        raise Refused(400)
    fields, values, operators = lists
    parameters["filterfieldids"] = ",".join([*fields, field])
    parameters["filtervalues"] = ",".join([*values, department])
    parameters["operatortypes"] = ",".join([*operators, "1"])
    return urlencode(parameters)

"""The kinds of single values that settings are made of: each says what it takes, and what is wrong with anything else.

YAML 1.1 reads `no` as false, `0123` as 83 and `1:30` as 90. So a text must be a text, and what YAML made something else of is an error
that says "quote it".
"""

import re
from datetime import UTC, date, datetime
from ipaddress import IPv4Network, IPv6Address, IPv6Network, ip_network
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    AllowInfNan,
    BeforeValidator,
    PlainValidator,
    SecretStr,
    StrictBool,
    StrictFloat,
    StrictInt,
    WithJsonSchema,
)
from pydantic_core import PydanticCustomError

from sidecar.filters.values import has_control_characters, is_field_id
from sidecar.policy.model import Network
from sidecar.policy.where import Attribute
from sidecar.settings.tree import Written

_CONNECTOR = re.compile(r"\w(?:[\w .-]{0,98}[\w.-])?")
_REPORT = re.compile(r"[0-9A-Za-z_-]{1,64}")
_DECIMAL = re.compile(r"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?")
_LISTEN = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+):([0-9]{1,5})")
_QUERY = re.compile(r"[A-Za-z0-9._~=&-]+")
_HEX = re.compile(r"[0-9A-Fa-f]{64}")
_LABEL = "[A-Za-z0-9](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9])?"
_URL = re.compile(
    rf"https?://(?:(?=[^:/]{{1,253}}(?:[:/]|$)){_LABEL}(?:\.{_LABEL})*|\[(?P<v6>[0-9A-Fa-f:.]+)\])(?::(?P<port>[0-9]{{1,5}}))?"
    r"(?:/[A-Za-z0-9._~!$&'()*+,;=:@-]+)*/?",
    re.IGNORECASE,
)


def complaint(message: str, remedy: str = "") -> PydanticCustomError:
    """An error of validation that already reads well."""
    return PydanticCustomError("complaint", "{message}", {"message": message, "remedy": remedy})


def _text(value: Any) -> Any:
    if isinstance(value, Written):
        if value.value is None:
            raise complaint("has no value")
        raise complaint(f"`{value.text}` is read by YAML as {value.kind}, not as text", f'quote it: "{value.text}"')
    return value


def _hidden_text(value: Any) -> Any:
    if isinstance(value, Written):
        raise complaint(f"is read by YAML as {value.kind}, not as text", "quote it")
    return value


def _value(value: Any) -> Any:
    return value.value if isinstance(value, Written) else value


def as_written(value: Any) -> Any:
    """The word that was written, for keys that take one of a few: YAML 1.1 reads `off` as false."""
    return value.text if isinstance(value, Written) and isinstance(value.value, bool) else value


def _name(text: str) -> str:
    if not text or text != text.strip() or has_control_characters(text):
        raise complaint("a name can't be empty, begin or end with a space, or hold control characters")
    return text


def _connector(text: str) -> str:
    if _CONNECTOR.fullmatch(text) is None:
        raise complaint("is not the name of a connector: letters, digits, `_`, `-`, `.` and spaces within, at most 100 characters")
    return text


def _field_id(text: str) -> str:
    if not is_field_id(text):
        raise complaint("can't be the id of a field", "take the `id` from the GetConnector's metainfo")
    return text


def _report(text: str) -> str:
    if _REPORT.fullmatch(text) is None:
        raise complaint("is not the id of a report: letters, digits, `_` and `-`", "mostly a GUID, 32 hexadecimal characters")
    return text


def fingerprint(value: Any) -> str:
    """The fingerprint of a certificate, as tools print it: with colons or without, in any letter case."""
    text = _hidden_text(value)
    plain = text.replace(":", "").lower() if isinstance(text, str) else ""
    if _HEX.fullmatch(plain) is None:
        raise complaint("is not a SHA-256: 64 hexadecimal characters", "`openssl x509 -noout -fingerprint -sha256 -in FILE` shows it")
    return plain


def _sha256(text: str) -> str:
    if _HEX.fullmatch(text) is None:
        remedy = "`sidecar token new`, `sidecar otp keys` and `sidecar admin key` make them"
        raise complaint("is not a SHA-256: 64 hexadecimal characters", remedy)
    return text.lower()


Text = Annotated[str, BeforeValidator(_text)]
HiddenText = Annotated[SecretStr, BeforeValidator(_hidden_text)]
Name = Annotated[Text, AfterValidator(_name)]
ConnectorName = Annotated[Text, AfterValidator(_connector)]
FieldId = Annotated[Text, AfterValidator(_field_id)]
ReportId = Annotated[Text, AfterValidator(_report)]
Sha256 = Annotated[str, BeforeValidator(_hidden_text), AfterValidator(_sha256)]
Flag = Annotated[StrictBool, BeforeValidator(_value)]
Whole = Annotated[StrictInt, BeforeValidator(_value)]
Seconds = Annotated[StrictFloat, AllowInfNan(False), BeforeValidator(_value)]


def host_and_port(listen: str) -> tuple[str, int]:
    """`127.0.0.1:8080` or `[::1]:8080`, taken apart; port 0 stands for any free one.

    :raises ValueError: for anything else.
    """
    match = _LISTEN.fullmatch(listen)
    if match is None or int(match[2]) > 65535:
        raise ValueError("expected host:port")
    return match[1].strip("[]"), int(match[2])


def _listen(value: Any) -> str:
    if isinstance(value, Written) or not isinstance(value, str):
        raise complaint("expected host:port", "such as 127.0.0.1:8080 or [::1]:8080")
    try:
        host_and_port(value)
    except ValueError as error:
        raise complaint(str(error), "such as 127.0.0.1:8080 or [::1]:8080") from None
    return value


Listen = Annotated[str, PlainValidator(_listen), WithJsonSchema({"type": "string"})]


def _url(text: str, what: str, example: str) -> str:
    # Messages don't repeat the text: it may come from an environment variable.
    if "@" in text.partition("://")[2].partition("/")[0]:
        raise complaint("a URL can't hold a user or password", "put the proof into `credential`")
    match = _URL.fullmatch(text)
    if match is None or not _is_address(match["v6"]) or not 0 < int(match["port"] or 1) < 65536:
        raise complaint(f"is not the URL of {what}: http(s)://host[:port][/path], without query or escapes", f"such as {example}")
    if {".", ".."}.intersection(text.split("/")):
        raise complaint(f"the URL of {what} has no dot segments", f"such as {example}")
    return text.removesuffix("/")


def _keys_url(text: str) -> str:
    """Some providers tell their tenants apart by a query."""
    url, mark, query = text.partition("?")
    if mark and _QUERY.fullmatch(query) is None:
        raise complaint("the query of a URL of keys holds letters, digits and . _ ~ - = & only")
    return _url(url, "keys or metadata", "https://login.example.com/.well-known/openid-configuration") + mark + query


def _url_of(what: str, example: str) -> AfterValidator:
    return AfterValidator(lambda text: _url(text, what, example))


def _is_address(v6: str | None) -> bool:
    try:
        return v6 is None or bool(IPv6Address(v6))
    except ValueError:
        return False


BackendUrl = Annotated[Text, _url_of("a backend", "https://12345.rest.afas.online/ProfitRestServices")]
TokenUrl = Annotated[Text, _url_of("a token endpoint", "https://12345.rest.afas.online/ProfitRestServices/oauth/token")]
KeysUrl = Annotated[Text, AfterValidator(_keys_url)]
PublicUrl = Annotated[Text, _url_of("the sidecar", "https://connectors.example.com")]
SidecarUrl = Annotated[Text, _url_of("the sidecar", "https://connectors.example.com/ProfitServices")]


def _network(value: Any) -> Network:
    if isinstance(value, IPv4Network | IPv6Network):
        return value
    text = _text(value)
    if not isinstance(text, str):
        raise complaint("expected an address, or a network such as 192.0.2.0/24")
    try:
        network = ip_network(text)
    except ValueError:
        raise complaint(f"`{text[:60]}` is not an address or network", _network_remedy(text)) from None
    if isinstance(network, IPv6Network) and network.prefixlen >= 96 and network.network_address.ipv4_mapped is not None:
        # Clients' addresses are compared as IPv4 where they are IPv4 in IPv6's clothes.
        return IPv4Network((network.network_address.ipv4_mapped, network.prefixlen - 96))
    return network


def _network_remedy(text: str) -> str:
    try:
        return f"the network is {ip_network(text, strict=False)}"
    except ValueError:
        return "such as 192.0.2.7, 192.0.2.0/24 or 2001:db8::/32"


AddressOrNetwork = Annotated[Network, PlainValidator(_network), WithJsonSchema({"type": "string"})]


def _moment(value: Any) -> datetime:
    raw = _value(value)
    if isinstance(raw, str):
        try:
            raw = datetime.fromisoformat(raw)
        except ValueError:
            raw = None
    if not isinstance(raw, date):
        raise complaint("expected a date or a moment", "such as 2027-01-01 or 2027-01-01T12:00:00Z; UTC where no zone is said")
    moment = raw if isinstance(raw, datetime) else datetime(raw.year, raw.month, raw.day, tzinfo=UTC)
    try:
        return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except OverflowError:
        raise complaint("is a moment that in UTC lies before the year 1 or after 9999") from None


Moment = Annotated[datetime, PlainValidator(_moment), WithJsonSchema({"type": "string", "examples": ["2027-01-01"]})]
"""A moment in UTC; a plain date is its first moment."""


def _attribute(value: Any) -> Attribute:
    if isinstance(value, list | tuple):
        return tuple(_attribute_text(item, f"value {number}: ") for number, item in enumerate(value, start=1))
    return _attribute_text(value, "")


def _attribute_text(value: Any, where: str) -> str:
    written = value.text if isinstance(value, Written) else str(value)
    raw = _value(value)
    remedy = f'quote it: "{written}"'
    match raw:
        case str():
            return raw
        case bool():
            if written.lower() not in ("true", "false"):
                raise complaint(f"{where}`{written}` is read by YAML as a boolean", f"{remedy}, or write true or false")
            return str(raw).lower()
        case int() | float():
            if _DECIMAL.fullmatch(written) is None:
                raise complaint(f"{where}`{written}` is read by YAML as the number {raw}", remedy)
            return written
        case datetime():
            if raw.tzinfo is not None or raw.microsecond:
                raise complaint(f"{where}the backend knows local time in whole seconds only", "write it as 2027-01-01T12:00:00")
            return raw.isoformat()
        case date():
            return f"{raw.isoformat()}T00:00:00"
        case _:
            raise complaint(f"{where}expected a single value, or a list of them")


_ATTRIBUTE_SCHEMA = {"type": ["string", "number", "boolean"]}
AttributeValue = Annotated[
    Attribute,
    PlainValidator(_attribute),
    WithJsonSchema({"anyOf": [_ATTRIBUTE_SCHEMA, {"type": "array", "items": _ATTRIBUTE_SCHEMA}]}),
]

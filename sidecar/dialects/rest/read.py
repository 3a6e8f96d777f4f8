"""From verb and target to the call that they ask for. The inventory of the wire reference (1.2), and nothing beside it."""

import re
from collections.abc import Callable, Iterable

from sidecar.dialects.call import (
    Action,
    Call,
    DescribeGet,
    DescribeUpdate,
    Element,
    FetchFile,
    FetchImage,
    FetchSubjectFile,
    Keys,
    Metainfo,
    Preflight,
    ProductVersion,
    RunReport,
    Update,
)
from sidecar.dialects.rest.rows_query import FILTER_PARAMETERS, read_filter, read_rows_query
from sidecar.dialects.rest.target import Target, read_parameters, split_target
from sidecar.errors import Reason, Refusal
from sidecar.filters.compact import MixedSeparators

BASE = ("profitrestservices",)
"""The segments under which every backend of this kind serves REST, in lower case."""

_VERBS = {"POST": Action.INSERT, "PUT": Action.UPDATE, "DELETE": Action.DELETE}
_MOST_KEYS = 16
_KEY = re.compile(r"@?[A-Za-z]\w{0,63}", re.ASCII)
_ELEMENT = re.compile(r"[A-Za-z]\w{0,63}", re.ASCII)
_ID = re.compile(r"[0-9A-Za-z_-]{1,64}")
_GUID = re.compile(r"\{?[0-9A-Fa-f]{8}-?(?:[0-9A-Fa-f]{4}-?){3}[0-9A-Fa-f]{12}\}?")


def read(method: str, target: str, bases: Iterable[tuple[str, ...]] = (BASE,), mixed: MixedSeparators = MixedSeparators.REFUSE) -> Call:
    """What is asked.

    :param method: as it stands in the request line; verbs are case-sensitive (RFC 9110, 9.1).
    :param target: the raw request target.
    :param bases: path prefixes that are served, as lower-case segments.
    :param mixed: how the environment's backend reads compact filters with both separators.
    :raises Refusal: for everything that is not in the inventory.
    """
    if method == "OPTIONS" and target == "*":
        return Preflight()
    segments, query = split_target(target)
    within = below_base(segments, bases)
    if method == "OPTIONS":
        return Preflight()
    word, rest = within[0].lower(), within[1:]
    if word == "connectors":
        return _connectors(method, Target(rest, query), mixed)
    if word not in _READ_ONLY:
        raise Refusal(Reason.UNKNOWN_PATH)
    call = _READ_ONLY[word](Target(rest, query))
    if method != "GET":
        raise Refusal(Reason.VERB_NOT_SERVED, f"{method[:20]} is not served here; use GET")
    return call


def below_base(segments: tuple[str, ...], bases: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    lowered = tuple([segment.lower() for segment in segments])
    longest = -1
    for base in bases:
        if longest < len(base) < len(lowered) and lowered[: len(base)] == base:
            longest = len(base)
    if longest < 0:
        raise Refusal(Reason.UNKNOWN_PATH)
    return segments[longest:]


def _connectors(method: str, target: Target, mixed: MixedSeparators) -> Call:
    rest, query = target
    if not rest:
        raise Refusal(Reason.UNKNOWN_PATH)
    if method == "GET":
        if len(rest) != 1:
            raise Refusal(Reason.UNKNOWN_PATH, "a GetConnector's filter goes into the query, not into the path")
        return read_rows_query(rest[0], query, mixed)
    verb = _VERBS.get(method)
    if verb is None:
        raise Refusal(Reason.VERB_NOT_SERVED, f"{method[:20]} is not served here; use GET, POST, PUT or DELETE")
    read_parameters(query, frozenset())
    elements = _record_path(rest[1:]) if verb is Action.DELETE else _element_path(rest[1:])
    return Update(rest[0], verb, elements, frozenset({verb}))


def _element_path(segments: tuple[str, ...]) -> tuple[Element, ...]:
    """`POST /connectors/{UpdateConnector}[/{SubElement}]` (wire reference 1.2)."""
    if len(segments) > 1:
        raise Refusal(Reason.UNKNOWN_PATH, "below an UpdateConnector stands at most one element")
    return tuple(Element(_element(name)) for name in segments)


def _record_path(segments: tuple[str, ...]) -> tuple[Element, ...]:
    """`DELETE /connectors/{UpdateConnector}/{Element}/{keys}/{values}[/{Element}/{keys}/{values}]` (wire reference 1.4)."""
    if len(segments) not in (3, 6):
        raise Refusal(Reason.UNKNOWN_PATH, "DELETE names an element, its keys and their values, once or twice")
    return tuple(Element(_element(segments[start]), _keys(*segments[start + 1 : start + 3])) for start in range(0, len(segments), 3))


def _element(name: str) -> str:
    if _ELEMENT.fullmatch(name) is None:
        raise Refusal(Reason.TARGET_MALFORMED, "an element's name has letters, digits and underscores")
    return name


def _keys(names: str, values: str) -> Keys:
    keys = Keys(tuple(names.split(",")), tuple(values.split(",")))
    if len(keys.names) != len(keys.values) or not all(keys.values) or len(keys.names) > _MOST_KEYS:
        raise Refusal(Reason.TARGET_MALFORMED, "DELETE needs as many key values as key fields, and none empty")
    if any(_KEY.fullmatch(name) is None for name in keys.names):
        raise Refusal(Reason.TARGET_MALFORMED, "a key field's name has letters, digits and underscores, perhaps with @ in front")
    if len({name.lstrip("@").lower() for name in keys.names}) != len(keys.names):
        raise Refusal(Reason.TARGET_MALFORMED, "a key field occurs twice")
    return keys


def _metainfo(target: Target) -> Call:
    read_parameters(target.query, frozenset())
    match [segment.lower() for segment in target.segments]:
        case []:
            return Metainfo()
        case ["get", _]:
            return DescribeGet(target.segments[1])
        case ["update", _]:
            return DescribeUpdate(target.segments[1])
        case _:
            raise Refusal(Reason.UNKNOWN_PATH)


def _version(target: Target) -> Call:
    read_parameters(target.query, frozenset())
    if target.segments:
        raise Refusal(Reason.UNKNOWN_PATH)
    return ProductVersion()


def _file(target: Target) -> Call:
    guid, name, as_query = _two_ids(target, "fileid", "filename")
    return FetchFile(_match(_GUID, guid, "the file id is a GUID"), name, as_query)


def _subject_file(target: Target) -> Call:
    subject, file, as_query = _two_ids(target, "subjectid", "fileid")
    subject = _match(_ID, subject, "the subject id has letters, digits and dashes")
    return FetchSubjectFile(subject, _match(_ID, file, "the file id has letters, digits and dashes"), as_query)


def _two_ids(target: Target, first: str, second: str) -> tuple[str, str, bool]:
    """Clients put the two in the path, the vendor's own description in the query: both, one at a time (wire reference 1.2)."""
    if len(target.segments) == 2:
        read_parameters(target.query, frozenset())
        return (*target.segments, False)
    if target.segments:
        raise Refusal(Reason.UNKNOWN_PATH)
    parameters = read_parameters(target.query, frozenset({first, second}))
    if not parameters.get(first) or not parameters.get(second):
        raise Refusal(Reason.PARAMETER_MALFORMED, f"both {first} and {second} are needed")
    return parameters[first], parameters[second], True


def _image(target: Target) -> Call:
    if len(target.segments) != 1:
        raise Refusal(Reason.UNKNOWN_PATH)
    image_format = read_parameters(target.query, frozenset({"format"})).get("format")
    if image_format not in (None, "0", "1", "2"):
        raise Refusal(Reason.PARAMETER_MALFORMED, "format is 0 (original), 1 (thumbnail) or 2 (medium)")
    image = _match(_ID, target.segments[0], "the image id has letters, digits and dashes")
    return FetchImage(image, None if image_format is None else int(image_format))


def _report(target: Target) -> Call:
    if len(target.segments) != 1:
        raise Refusal(Reason.UNKNOWN_PATH)
    parameters = read_parameters(target.query, FILTER_PARAMETERS)
    report = _match(_ID, target.segments[0], "the report id is a GUID")
    return RunReport(report, read_filter(parameters, MixedSeparators.REFUSE))


def _match(pattern: re.Pattern[str], text: str, rule: str) -> str:
    if pattern.fullmatch(text) is None:
        raise Refusal(Reason.TARGET_MALFORMED, rule)
    return text


_READ_ONLY: dict[str, Callable[[Target], Call]] = {
    "metainfo": _metainfo,
    "profitversion": _version,
    "fileconnector": _file,
    "subjectconnector": _subject_file,
    "imageconnector": _image,
    "reportconnector": _report,
}

"""Which rows and in what form: `skip` and `take` as arguments, and the options of GetDataWithOptions (wire reference 3.4)."""

from collections.abc import Mapping
from typing import NamedTuple
from xml.etree import ElementTree

from sidecar.demo.backend.failures import BAD_PAGE, Failure
from sidecar.demo.backend.rows import Sort, sort
from sidecar.demo.definitions import GetConnector

_ALL = -1
_MOST_BY_OPTION = 1_000


class Options(NamedTuple):
    """Numbers as on the wire; `skip` and `take` are None where they were not given."""

    output_mode: int = 1
    output_options: int = 0
    metadata: int = 0
    skip: int | None = None
    take: int | None = None
    order: tuple[Sort, ...] = ()


def read_options(connector: GetConnector, text: str) -> Options:
    """The options in a text. The letter case of the elements does not matter, and unknown ones are ignored.

    :raises Failure: for what is not XML, no number, or an order by a field that the connector does not have.
    """
    if not text.strip():
        return Options()
    try:
        root = ElementTree.fromstring(text)  # noqa: S314  as for envelopes
    except ElementTree.ParseError as problem:
        raise Failure(f"The options are not well-formed: {problem}") from None
    given = {part.tag.lower(): part for part in root}
    numbers = {name: _number(part.text or "") for name, part in given.items() if name != "index" and (part.text or "").strip()}
    index = [part for part in given.get("index", ()) if part.tag.lower() == "field"]
    return Options(
        numbers.get("outputmode", 1),
        numbers.get("outputoptions", 0),
        numbers.get("metadata", 0),
        numbers.get("skip"),
        numbers.get("take"),
        tuple(sort(connector, part.get("FieldId", ""), descending=part.get("OperatorType") == "0") for part in index),
    )


def page(arguments: Mapping[str, str], options: Options) -> tuple[int, int]:
    """What to skip and to take, of which a negative number is all.

    An argument wins over an option, an option takes a thousand at most, and without either nothing is taken. -1 to skip, wherever it
    stands, gives all rows, whatever was to be taken.

    :raises Failure: for a negative `take`, and for arguments that are no numbers.
    """
    skip, take = (_number(arguments[name]) if name in arguments else None for name in ("skip", "take"))
    if _ALL in (skip, options.skip):
        return 0, _ALL
    skip = (options.skip or 0) if skip is None else skip
    take = min(options.take or 0, _MOST_BY_OPTION) if take is None else take
    if take < 0:
        raise Failure("Take must not be negative", BAD_PAGE)
    return max(skip, 0), take


def _number(text: str) -> int:
    try:
        return int(text)
    except ValueError:
        raise Failure(f"'{text}' is not a number", BAD_PAGE) from None

"""The options of `GetDataWithOptions`: page, order and form of the rows, as an XML of their own (wire reference 3.4)."""

from collections.abc import Sequence
from typing import TypeVar

from sidecar.dialects.call import Page, Sort
from sidecar.dialects.soap.call import Options
from sidecar.dialects.soap.page import read_number
from sidecar.dialects.soap.tree import Element, UnreadableXmlError, read_text
from sidecar.errors import Reason, Refusal
from sidecar.filters.filterxml import escape_xml
from sidecar.filters.values import is_field_id

_Choice = TypeVar("_Choice", bool, int)
_LONGEST = 20_000
_MOST_SORTS = 64
_NAMES = ("Outputmode", "Metadata", "Outputoptions", "Skip", "Take", "Index")
_CANONICAL = {name.lower(): name for name in _NAMES}
_AS_TEXT = {"1": False, "2": True}
_METADATA = {"0": False, "1": True}
_STYLES = {False: ("2", "3"), True: ("1", "2", "3", "4")}


def read_options(text: str) -> tuple[Options, tuple[Sort, ...]]:
    """Options and order. Element names in any letter case, since it does not matter to the backend; each at most once.

    :raises Refusal: PARAMETER_MALFORMED for anything unknown.
    """
    try:
        root = read_text(text.strip()) if len(text) <= _LONGEST else None
    except UnreadableXmlError as problem:
        raise Refusal(Reason.PARAMETER_MALFORMED, f"options cannot be read: {problem}") from None
    if root is None or root.namespace or root.name.lower() != "options" or root.attributes or root.text.strip():
        raise Refusal(Reason.PARAMETER_MALFORMED, "options must be an <options> of moderate size")
    found: dict[str, Element] = {}
    for part in root.children:
        name = _CANONICAL.get(part.name.lower()) if part.name.isascii() else None
        if name is None or part.namespace or part.attributes:
            raise Refusal(Reason.PARAMETER_MALFORMED, f"options has {', '.join(_NAMES)}, without attributes")
        if name in found:
            raise Refusal(Reason.PARAMETER_MALFORMED, f"options has {name} twice")
        found[name] = part
    order = _read_index(found["Index"]) if "Index" in found else ()
    as_text = _choice(found, "Outputmode", _AS_TEXT)
    metadata = _choice(found, "Metadata", _METADATA)
    style = _choice(found, "Outputoptions", {text: int(text) for text in _STYLES[as_text is True]})
    skip, take = (read_number(name, found[name].text) if name in found else None for name in ("Skip", "Take"))
    return Options(as_text, metadata, style, Page(skip, take)), order


def write_options(options: Options, order: Sequence[Sort]) -> str:
    """The options as XML in ASCII, with the names as documented."""
    mode = None if options.as_text is None else 1 + options.as_text
    metadata = None if options.metadata is None else int(options.metadata)
    numbers = zip(_NAMES, (mode, metadata, options.style, options.page.skip, options.page.take), strict=False)
    parts = [f"<{name}>{number}</{name}>" for name, number in numbers if number is not None]
    fields = [f'<Field FieldId="{escape_xml(sort.field)}" OperatorType="{int(not sort.descending)}" />' for sort in order]
    index = f"<Index>{''.join(fields)}</Index>" if fields else ""
    return f"<options>{''.join(parts)}{index}</options>"


def _choice(found: dict[str, Element], name: str, choices: dict[str, _Choice]) -> _Choice | None:
    if name not in found:
        return None
    if found[name].text not in choices:
        raise Refusal(Reason.PARAMETER_MALFORMED, f"{name} must be one of {', '.join(choices)}")
    return choices[found[name].text]


def _read_index(index: Element) -> tuple[Sort, ...]:
    if index.text.strip() or len(index.children) > _MOST_SORTS:
        raise Refusal(Reason.PARAMETER_MALFORMED, f"Index holds Fields, at most {_MOST_SORTS}")
    return tuple(_read_sort(field) for field in index.children)


def _read_sort(field: Element) -> Sort:
    attributes = {(each.namespace, each.name): each.value for each in field.attributes}
    direction = attributes.get(("", "OperatorType"))
    field_id = attributes.get(("", "FieldId"), "")
    known = len(attributes) == 2 and direction in ("0", "1") and is_field_id(field_id)
    if not known or field.namespace or field.name.lower() != "field" or field.children or field.text.strip():
        raise Refusal(Reason.PARAMETER_MALFORMED, 'Index holds <Field FieldId="…" OperatorType="1"/>, 1 for ascending and 0 for descending')
    return Sort(field_id, direction == "0")

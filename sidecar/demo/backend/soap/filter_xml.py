"""The filter XML, read into the same conditions as the filters of REST (wire reference 3.3)."""

from xml.etree import ElementTree

from sidecar.demo.backend.failures import Failure
from sidecar.demo.backend.filter_reading import Filter, read_condition
from sidecar.demo.definitions import GetConnector


def read_filter_xml(connector: GetConnector, text: str) -> Filter:
    """The filter in a text; none in an empty one.

    :raises Failure: when it can't be read, or names a field that the connector does not have.
    """
    if not text.strip():
        return []
    try:
        root = ElementTree.fromstring(text)  # noqa: S314  as for envelopes
    except ElementTree.ParseError as problem:
        raise Failure(f"The filter is not well-formed: {problem}") from None
    blocks = [list(block) for block in root]
    tags = {root.tag}, {block.tag for block in root}, {field.tag for block in blocks for field in block}
    if any(not found <= {known} for found, known in zip(tags, ("Filters", "Filter", "Field"), strict=True)):
        raise Failure("The filter is not valid")
    return [
        [read_condition(connector, field.get("FieldId", ""), field.get("OperatorType", ""), field.text or "") for field in block]
        for block in blocks
        if block
    ]

"""What an update's document does is known, whatever it holds: every action at every depth, and nowhere to hide another."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.dialects.call import Action
from sidecar.dialects.soap.update_document import actions_in, read_document, write_document
from sidecar.errors import Reason, Refusal

INSERT, UPDATE, DELETE = Action.INSERT, Action.UPDATE, Action.DELETE
INSTANCE = "http://www.w3.org/2001/XMLSchema-instance"
ORGANISATION = f"""<?xml version="1.0"?>
<KnOrganisation xmlns:xsi="{INSTANCE}">
  <Element OgId="1">
    <Fields Action="insert">
      <Nm>Bakker &amp; Zn</Nm>
    </Fields>
  </Element>
</KnOrganisation>
"""


def nested(*actions: str) -> str:
    """An object in an object in an object, each with its own action; empty for none."""
    within = ""
    for depth, action in reversed(list(enumerate(actions))):
        attribute = f' Action="{action}"' if action else ""
        objects = f"<Objects>{within}</Objects>" if within else ""
        within = f"<O{depth}><Element><Fields{attribute}><A>1</A></Fields>{objects}</Element></O{depth}>"
    return within


@pytest.mark.parametrize(
    ("text", "actions"),
    [
        (ORGANISATION.replace("KnOrganisation", "O0"), {INSERT}),
        (nested("insert"), {INSERT}),
        (nested("update", "update", "delete"), {UPDATE, DELETE}),
        (nested("update", "insert", "update", "insert", "update", "delete"), {INSERT, UPDATE, DELETE}),
        (nested("insert", ""), {INSERT, UPDATE}),  # without an action: which one is unknown
        (nested(""), {INSERT, UPDATE}),
        (nested("delete", ""), {INSERT, UPDATE, DELETE}),
        ('<O0><Element Action="delete" A="1"/></O0>', {DELETE}),
        ('<O0><Element Action="insert"><Fields><A>1</A></Fields></Element></O0>', {INSERT}),
        ('<O0><Element Action="insert"><Fields Action="delete"/></Element></O0>', {INSERT, DELETE}),
        ('<O0><Element A="1"/></O0>', {INSERT, UPDATE}),
        ('<O0><Element A="1"/><Element Action="delete"/></O0>', {INSERT, UPDATE, DELETE}),  # keys alone may well be a new record
        ("<O0><Element Action='update'><Objects><O1><Element A='1'/></O1></Objects></Element></O0>", {INSERT, UPDATE}),
        ("<O0><Element><Objects/><Objects><O1><Element Action='delete'/></O1></Objects></Element></O0>", {INSERT, UPDATE, DELETE}),
        ('<O0><Element><Fields Action="insert"><Action>delete</Action></Fields></Element></O0>', {INSERT, DELETE}),
        ('<O0><Element><Fields Action="insert"><action>delete</action></Fields></Element></O0>', {INSERT, DELETE}),
        ('<O0><Element><Fields Action="insert"><Action>Delete</Action></Fields></Element></O0>', {INSERT, DELETE}),
        ('<O0><Element><Fields Action="insert"><ACTION> UPDATE\n</ACTION></Fields></Element></O0>', {INSERT, UPDATE}),
        ('<O0><Element><Fields Action="insert"><Action>\uff44elete</Action></Fields></Element></O0>', {INSERT, DELETE}),
        ('<O0><Element><Fields Action="insert"><Action>bel klant</Action></Fields></Element></O0>', {INSERT}),
    ],
)
def test_every_action_is_found(text: str, actions: set[Action]) -> None:
    assert actions_in(read_document(text, "O0")) == actions


def test_nesting_goes_as_deep_as_documented() -> None:
    assert actions_in(read_document(nested(*["insert"] * 7, "delete"), "o0")) == {INSERT, DELETE}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "<O0/>",
        "<O0>x</O0>",
        "<!DOCTYPE O0><O0><Element/></O0>",
        "<O1><Element/></O1>",
        "<Element><Element/></Element>",
        '<O0 Action="insert"><Element/></O0>',
        '<O0 xmlns="urn:x"><Element/></O0>',
        '<x:O0 xmlns:x="urn:x"><Element/></x:O0>',
        "<O0><Fields/></O0>",
        "<O0><element/></O0>",
        "<O0><Element>x</Element></O0>",
        "<O0><Element><A>1</A></Element></O0>",
        "<O0><Element><fields/></Element></O0>",
        "<O0><Element><Fields/><Fields/></Element></O0>",
        "<O0><Element><Fields>x</Fields></Element></O0>",
        "<O0><Element><objects/></Element></O0>",
        '<O0><Element><Objects Action="delete"/></Element></O0>',
        "<O0><Element><Objects>x</Objects></Element></O0>",
        "<O0><Element><Objects><Element/></Objects></Element></O0>",
        "<O0><Element><Objects><OBJECTS/></Objects></Element></O0>",
        '<O0><Element><Objects><O1 Action="delete"/></Objects></Element></O0>',
        "<O0><Element><Objects><O1><Fields/></O1></Objects></Element></O0>",
        nested("Delete"),
        nested("delete "),
        nested("DELETE"),
        nested("upsert"),
        nested("ins&#101;rt "),
        nested("insert").replace("Action", "action"),
        nested("insert").replace("Action", "ACTION"),
        nested("insert").replace('Action="insert"', 'Action="insert" action="delete"'),
        nested("insert").replace('Action="insert"', f'x:Action="insert" xmlns:x="{INSTANCE}"'),
        nested("insert").replace('Action="insert"', 'Actie="delete"'),
        '<O0><Element A="1" a="2"/></O0>',
        f'<O0 xmlns:x="{INSTANCE}"><Element x:type="y"/></O0>',
        '<O0><Element \uff21ction="delete"/></O0>',
        '<O0><Element><Fields Action="insert"><A><B/></A></Fields></Element></O0>',
        '<O0><Element><Fields Action="insert"><A x="1">1</A></Fields></Element></O0>',
        '<O0><Element><Fields Action="insert"><A Action="delete">1</A></Fields></Element></O0>',
        '<O0><Element><Fields Action="insert"><A xmlns="urn:x">1</A></Fields></Element></O0>',
        '<O0><Element><Fields Action="insert"><\u00e9>1</\u00e9></Fields></Element></O0>',
        f'<O0 xmlns:x="{INSTANCE}"><Element><Fields Action="insert"><A x:nil="false">1</A></Fields></Element></O0>',
        f'<O0 xmlns:x="{INSTANCE}"><Element><Fields Action="insert"><A x:nil="true">1</A></Fields></Element></O0>',
        f'<O0 xmlns:x="{INSTANCE}"><Element><Fields Action="insert"><A x:type="B">1</A></Fields></Element></O0>',
        '<O0><Element><Fields Action="insert"><A nil="true"/></Fields></Element></O0>',
        '<O0><Element><Fields Action="insert"><A>ad<!-- -->min</A></Fields></Element></O0>',
    ],
)  # fmt: skip
def test_a_document_of_another_shape_is_refused(text: str) -> None:
    with pytest.raises(Refusal) as caught:
        read_document(text, "O0")
    assert caught.value.reason is Reason.BODY_MALFORMED


@pytest.mark.parametrize(
    ("root", "connector", "is_taken"),
    [
        ("KnSubject", "knsubject", True),
        ("PtItemset", "PtItemSet", True),
        ("AfasEmployee", "KnEmployee", True),
        ("KnEmployee", "KnEmployee", True),
        ("FiEntries", "KnSubject", False),
        ("AfasEmployee", "KnSubject", False),
    ],
)
def test_the_root_is_that_of_the_connector_that_was_named(root: str, connector: str, is_taken: bool) -> None:
    text = f'<{root}><Element Action="insert"/></{root}>'
    if is_taken:
        assert actions_in(read_document(text, connector)) == {INSERT}
    else:
        with pytest.raises(Refusal):
            read_document(text, connector)


def test_what_is_written_has_the_same_names_and_values_and_nothing_else() -> None:
    text = f"""<?xml version="1.0"?><!-- spelled oddly -->
        <KnSubject xmlns:i="{INSTANCE}" xmlns:unused="urn:unused"><Element SbId='1&#10;2'>
          <Fields Action = "update" ><Ds> a &#60; b
 c\u00e9</Ds><Da i:nil="1"></Da><St></St></Fields>
        </Element></KnSubject>"""
    assert write_document(read_document(text, "KnSubject")) == (
        f'<KnSubject xmlns:xsi="{INSTANCE}"><Element SbId="1&#10;2"><Fields Action="update">'
        '<Ds> a &lt; b&#10; c&#233;</Ds><Da xsi:nil="1"/><St/></Fields></Element></KnSubject>'
    )


@given(st.lists(st.sampled_from(["", "insert", "update", "delete"]), min_size=1, max_size=6))
def test_no_action_is_lost_or_made_up_at_any_depth(actions: list[str]) -> None:
    named = {Action(action) for action in actions if action}
    assert actions_in(read_document(nested(*actions), "O0")) == named | ({INSERT, UPDATE} if "" in actions else set())

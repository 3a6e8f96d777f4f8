"""Page, order and form of rows: an argument wins over an option, and what has no certain meaning is refused."""

import pytest

from sidecar.dialects.call import Page, Sort
from sidecar.dialects.soap.call import Options
from sidecar.dialects.soap.options import read_options, write_options
from sidecar.dialects.soap.page import arguments_of, combine, read_number
from sidecar.errors import Reason, Refusal


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ("<options/>", Options()),
        ("<Options> </Options>", Options()),
        ("<options><Outputmode>2</Outputmode><Outputoptions>4</Outputoptions></options>", Options(as_text=True, style=4)),
        ("<options><OUTPUTMODE>1</OUTPUTMODE><metadata>1</metadata></options>", Options(as_text=False, metadata=True)),
        ("<options><Outputoptions>3</Outputoptions></options>", Options(style=3)),
        ("<options><Skip>-1</Skip><Take>-1</Take></options>", Options(page=Page(-1, -1))),
        ("\n<?xml version='1.0'?><options><!-- all --><Take>1000</Take></options>", Options(page=Page(None, 1000))),
        ("<options><Index/></options>", Options()),
    ],
)
def test_options_are_read_in_any_letter_case(text: str, options: Options) -> None:
    assert read_options(text) == (options, ())


@pytest.mark.parametrize(
    "text",
    [
        "x",
        "<option/>",
        '<options x="1"/>',
        '<options xmlns="urn:x"/>',
        "<options>1</options>",
        "<options><Other>1</Other></options>",
        "<options><s\u212aip>1</s\u212aip></options>",
        "<options><Skip>1</Skip><skip>1</skip></options>",
        "<options><Skip/></options>",
        "<options><Skip> 1</Skip></options>",
        "<options><Skip>1.0</Skip></options>",
        "<options><Skip>+1</Skip></options>",
        "<options><Skip>-2</Skip></options>",
        "<options><Skip>\u0661</Skip></options>",
        "<options><Take>1234567890</Take></options>",
        "<options><Take><a/></Take></options>",
        '<options><Take x="1">1</Take></options>',
        "<options><Outputmode>3</Outputmode></options>",
        "<options><Outputmode></Outputmode></options>",
        "<options><Metadata>true</Metadata></options>",
        "<options><Outputoptions>1</Outputoptions></options>",
        "<options><Outputmode>1</Outputmode><Outputoptions>4</Outputoptions></options>",
        "<options><Outputmode>2</Outputmode><Outputoptions>5</Outputoptions></options>",
        "<options><Index>A</Index></options>",
        "<options><Index><Field/></Index></options>",
        '<options><Index><Field FieldId="A"/></Index></options>',
        '<options><Index><Field FieldId="A" OperatorType="2"/></Index></options>',
        '<options><Index><Field fieldid="A" OperatorType="1"/></Index></options>',
        '<options><Index><Field FieldId="A,B" OperatorType="1"/></Index></options>',
        '<options><Index><Field FieldId="" OperatorType="1"/></Index></options>',
        '<options><Index><Field FieldId="A" OperatorType="1" x="1"/></Index></options>',
        '<options><Index><Field FieldId="A" OperatorType="1">x</Field></Index></options>',
        '<options><Index><Sort FieldId="A" OperatorType="1"/></Index></options>',
        f'<options><Index>{"""<Field FieldId="A" OperatorType="1"/>""" * 65}</Index></options>',
        "<!DOCTYPE options><options/>",
        f"<options>{' ' * 20_000}</options>",
    ],
)
def test_any_other_options_are_refused(text: str) -> None:
    with pytest.raises(Refusal) as caught:
        read_options(text)
    assert caught.value.reason is Reason.PARAMETER_MALFORMED


def test_what_is_written_has_the_documented_names() -> None:
    options = Options(as_text=False, metadata=False, style=2, page=Page(0, 100))
    assert write_options(options, [Sort("X"), Sort("Y & Z", descending=True)]) == (
        "<options><Outputmode>1</Outputmode><Metadata>0</Metadata><Outputoptions>2</Outputoptions><Skip>0</Skip><Take>100</Take>"
        '<Index><Field FieldId="X" OperatorType="1" /><Field FieldId="Y &amp; Z" OperatorType="0" /></Index></options>'
    )
    assert write_options(Options(), ()) == "<options></options>"


@pytest.mark.parametrize(
    ("arguments", "options", "page", "left_in_options"),
    [
        (Page(), Page(), Page(), Page()),
        (Page(0, 0), Page(), Page(0, 0), Page()),
        (Page(), Page(3, 9), Page(3, 9), Page(3, 9)),
        (Page(1, 2), Page(3, 9), Page(1, 2), Page()),
        (Page(None, 2), Page(3, 9), Page(3, 2), Page(3, None)),
        (Page(1, None), Page(3, None), Page(1, None), Page()),
        (Page(-1, -1), Page(0, 100), Page(-1, -1), Page()),
        (Page(-1, None), Page(None, -1), Page(-1, -1), Page(None, -1)),
    ],
)
def test_an_argument_wins_over_an_option_that_is_left_out_then(arguments: Page, options: Page, page: Page, left_in_options: Page) -> None:
    assert combine(arguments, options) == (page, left_in_options)
    assert combine(arguments_of(page, left_in_options), left_in_options) == (page, left_in_options)


@pytest.mark.parametrize(
    ("arguments", "options"), [(Page(-1, 5), Page()), (Page(0, -1), Page()), (Page(-1), Page()), (Page(-1), Page(0, 5))]
)
def test_all_rows_are_asked_for_by_both_numbers_or_not_at_all(arguments: Page, options: Page) -> None:
    with pytest.raises(Refusal) as caught:
        combine(arguments, options)
    assert caught.value.reason is Reason.PARAMETER_MALFORMED


@pytest.mark.parametrize(("text", "number"), [("0", 0), ("007", 7), ("999999999", 999_999_999), ("-1", -1)])
def test_a_whole_number_is_read(text: str, number: int) -> None:
    assert read_number("take", text) == number

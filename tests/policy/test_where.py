"""The `where` language: all that it has, and a refusal with a remedy for all that it has not."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sidecar.filters.predicate import Operator
from sidecar.policy.bind import bind
from sidecar.policy.where import All, Any, AttributeOf, Compare, Expression, IsNull, Like, OneOf, WhereError, compile_where, why_not_literal
from tests.evaluation import meaning, worlds

A1 = Compare("a", Operator.EQUAL, "1")
B2 = Compare("b", Operator.EQUAL, "2")
C3 = Compare("c", Operator.EQUAL, "3")
BETWEEN_1_AND_2 = All((Compare("a", Operator.GREATER_OR_EQUAL, "1"), Compare("a", Operator.LESS_OR_EQUAL, "2")))


@pytest.mark.parametrize(
    ("text", "expression"),
    [
        ("everything", All()),
        (" Everything\n", All()),
        ("nothing", Any()),
        ("a = 1", A1),
        ("a = '1'", A1),
        ("(a = 1)", A1),
        ("a = 1;", A1),
        ("a <> 1", Compare("a", Operator.NOT_EQUAL, "1")),
        ("a != 1", Compare("a", Operator.NOT_EQUAL, "1")),
        ("a < 1", Compare("a", Operator.LESS, "1")),
        ("a <= 1", Compare("a", Operator.LESS_OR_EQUAL, "1")),
        ("a > 1", Compare("a", Operator.GREATER, "1")),
        ("a >= 1", Compare("a", Operator.GREATER_OR_EQUAL, "1")),
        ("a = -1", Compare("a", Operator.EQUAL, "-1")),
        ("a = 1.50", Compare("a", Operator.EQUAL, "1.50")),
        ("a = 007", Compare("a", Operator.EQUAL, "007")),
        ("a = TRUE", Compare("a", Operator.EQUAL, "true")),
        ("a = false", Compare("a", Operator.EQUAL, "false")),
        ("a = 'it''s; -- x'", Compare("a", Operator.EQUAL, "it's; -- x")),
        ("a = '@user.x'", Compare("a", Operator.EQUAL, "@user.x")),
        ("a = @user.x", Compare("a", Operator.EQUAL, AttributeOf("x"))),
        ("a = @USER.x", Compare("a", Operator.EQUAL, AttributeOf("x"))),
        ('"a b" = 1', Compare("a b", Operator.EQUAL, "1")),
        ("a in (1, 'x', @user.x)", OneOf("a", ("1", "x", AttributeOf("x")))),
        ("a in @user.x", OneOf("a", (AttributeOf("x"),))),
        ("a not in @user.x", OneOf("a", (AttributeOf("x"),), negated=True)),
        ("not a in (1)", OneOf("a", ("1",), negated=True)),
        ("a between 1 and 2", BETWEEN_1_AND_2),
        ("a not between 1 and 2", Any((Compare("a", Operator.LESS, "1"), Compare("a", Operator.GREATER, "2")))),
        ("a like 'x%'", Like("a", Operator.STARTS_WITH, "x")),
        ("a like '%x'", Like("a", Operator.ENDS_WITH, "x")),
        ("a like '%x%'", Like("a", Operator.CONTAINS, "x")),
        ("a not like 'x%'", Like("a", Operator.STARTS_WITH, "x", negated=True)),
        ("not a like 'x%'", Like("a", Operator.STARTS_WITH, "x", negated=True)),
        ("not a not like 'x%'", Like("a", Operator.STARTS_WITH, "x")),
        ("a is null", IsNull("a")),
        ("a is not null", IsNull("a", negated=True)),
        ("not a is not null", IsNull("a")),
        ("a = 1 or b = 2 and c = 3", Any((A1, All((B2, C3))))),
        ("(a = 1 or b = 2) and c = 3", All((Any((A1, B2)), C3))),
        ("not a = 1 and b = 2", All((Compare("a", Operator.NOT_EQUAL, "1"), B2))),
        ("not (a = 1 or b = 2)", All((Compare("a", Operator.NOT_EQUAL, "1"), Compare("b", Operator.NOT_EQUAL, "2")))),
        ("not (a <= 1 and not b = 2)", Any((Compare("a", Operator.GREATER, "1"), B2))),
        ("a between 1 and 2 and b = 2", All((BETWEEN_1_AND_2, B2))),
        ("a\n=\n1", A1),
    ],
)  # fmt: skip
def test_the_language(text: str, expression: Expression) -> None:
    assert compile_where(text).expression == expression


@pytest.mark.parametrize(
    "text",
    [
        "",
        " ",
        ";",
        "a",
        "'a'",
        "1",
        "true",
        "a =",
        "a = 1 and",
        "and a = 1",
        "(a = 1",
        "a = 1)",
        "a = 'x",
        "a = 1 b",
        "a = 1 as b",
        "a = 1, b = 2",
        "a = 1; b = 2",
        "a = 1; drop table x",
        "everything or a = 1",
        "everything; a = 1",
        "nothing -- x",
        # other columns, other tables, nothing but a field on the left
        "a = b",
        'a = "x"',
        "a in (b)",
        "a in b",
        "a between b and c",
        "1 = a",
        "1 = 1",
        "@user.x = a",
        "@user.x = 'x'",
        "t.a = 1",
        "a.b.c = 1",
        "(a, b) = (1, 2)",
        "a = 1 = 2",
        "a < 1 < 2",
        # functions, casts, arithmetic, concatenation, collations, placeholders, odd literals
        "lower(a) = 'x'",
        "a = lower('x')",
        "a = current_date",
        "cast(a as int) = 1",
        "a::int = 1",
        "a = '1'::int",
        "a = date '2024-01-01'",
        "a = 2024-01-01",
        "a = 1 + 1",
        "a + 1 = 2",
        "a = - -1",
        "a = 'x' || 'y'",
        "a = 'x' 'y'",
        "a = 'x' collate nocase",
        "a = (1)",
        "a = :x",
        "a = ?",
        "a = N'x'",
        "a = x'1F'",
        "a = 0x1F",
        "a = interval '1' day",
        "a[0] = 1",
        "a -> 'x' = 1",
        # other operators
        "a ilike 'x%'",
        "a rlike 'x'",
        "a similar to 'x'",
        "a glob 'x*'",
        "a <=> 1",
        "a is distinct from 1",
        "a is true",
        "a is not false",
        "a is 1",
        "a xor b",
        "a overlaps b",
        "exists (select 1)",
        "case when a = 1 then true end",
        "a = any(1)",
        "a between symmetric 1 and 2",
        # subqueries and whole statements
        "a in (select 1)",
        "a = (select 1)",
        "a in unnest(b)",
        "select a = 1",
        "a = 1 union select 2",
        "a = 1 order by a",
        "a = 1 limit 1",
        "set a = 1",
        # null is compared by `is` only
        "a = null",
        "a <> null",
        "a in (1, null)",
        "a between 1 and null",
        # lists
        "a in ()",
        "a in 'x'",
        "a in ((1), (2))",
        "a in (1",
        # patterns
        "a like 'x'",
        "a like ''",
        "a like '%'",
        "a like '%%'",
        "a like 'x%y'",
        "a like '%x%y%'",
        "a like 'x_%'",
        "a like '[x]%'",
        "a like 'x*%'",
        "a like '％x%'",
        "a like ' x%'",
        "a like '%x%' escape '!'",
        "a not like '!%%' escape '!'",
        "a like any ('x%')",
        "a like all ('x%', 'y%')",
        "a like @user.x",
        "a like 1",
        "a like b",
        # attributes
        "a = @user",
        "a = @users.x",
        "a = @user.x.y",
        "a = @user.x()",
        "a = @user.*",
        "a = @user[0]",
        "a = @user:x",
        "a = @@user.x",
        "a = @user.x @user.y",
        # values without a certain meaning
        "a = ''",
        "a = ' x'",
        "a = 'x '",
        "a = '[Medewerker]'",
        "a = '［Medewerker］'",
        "a in ('x', '[OE]')",
        "a = 'null'",
        "a = '\"\"'",
        "a = 'x\ny'",
        "a = 'x\0'",
    ],
)
def test_whatever_is_not_of_the_language_is_refused_when_policy_is_loaded(text: str) -> None:
    with pytest.raises(WhereError):
        compile_where(text)


@pytest.mark.parametrize(
    ("text", "remedy"),
    [
        ("a = b", "quote text as 'b'"),
        ("a = null", "`is null`"),
        ("1 = a", "logical field name on the left"),
        ("a like 'x'", "'%x%'"),
        ("a like 'x_y%'", "no escape"),
        ("a in 'x'", "in parentheses"),
        ("a ilike 'x%'", "known are"),
        ("a = 1; b = 2", "one boolean expression"),
        ("a = '[OE]'", "tag"),
        ("a =", "not a boolean expression"),
        ("a = 1 -- own and b = 2", "behind a `#` of YAML"),
        ("a = 1 /* and b = 2 */", "behind a `#` of YAML"),
        ("a in (/* 1, */ 2)", "behind a `#` of YAML"),
        ("not -- x\n a = 1", "behind a `#` of YAML"),
    ],
)
def test_a_refusal_says_what_would_be_right(text: str, remedy: str) -> None:
    with pytest.raises(WhereError, match=remedy.replace("(", "\\(")):
        compile_where(text)


@pytest.mark.parametrize("text", ["(" * 2_000 + "a = 1" + ")" * 2_000, "not " * 5_000 + "a = 1", "not (" * 500 + "a = 1" + ")" * 500])
def test_what_is_nested_too_deeply_is_refused_when_policy_is_loaded(text: str) -> None:
    with pytest.raises(WhereError):
        compile_where(text)


@pytest.mark.parametrize("word", ["and", "or"])
def test_a_long_chain_compiles_and_binds(word: str) -> None:
    where = compile_where(f" {word} ".join(f"a <> 'v{number}'" for number in range(1_500)))
    assert bind(where, {}, {"a": "A"}).groups


def test_nested_as_deeply_as_it_compiles_it_binds_too() -> None:
    compiled = 0
    for depth in range(1, 200):
        text = "(a = 1 or (b = 2 and " * depth + "c = 3" + "))" * depth
        try:
            where = compile_where(text)
        except WhereError:
            break
        bind(where, {}, {"a": "A", "b": "B", "c": "C"})
        compiled = depth
    assert compiled >= 5


def test_a_compiled_filter_knows_its_fields_and_attributes() -> None:
    where = compile_where("(a = @user.x or b in (@user.y, 'z')) and c like 'q%' and not d is null and e between @user.v and 2")
    assert where.fields == {"a", "b", "c", "d", "e"}
    assert where.attributes == {"x", "y", "v"}
    assert where.single_attributes == {"x", "v"}


@given(st.text(alphabet=st.one_of(st.characters(), st.sampled_from("ab=<>'\"()@.,;%_-*/ \n")), max_size=40))
def test_no_text_does_anything_but_compile_or_be_refused(text: str) -> None:
    with suppress(WhereError):
        compile_where(text)


_VOCABULARY = "a b = <> < ( ) and or not in between like is null 'x%' 'x' 1 @user.x , ; select case exists :: . @ - * any escape"


@given(st.lists(st.sampled_from(_VOCABULARY.split()), max_size=12).map(" ".join))
def test_no_order_of_words_does_anything_but_compile_or_be_refused(text: str) -> None:
    with suppress(WhereError):
        compile_where(text)


@given(worlds.filters)
def test_every_filter_of_the_language_compiles(node: meaning.Node) -> None:
    compile_where(meaning.spell(node))


@pytest.mark.parametrize(
    "text", ["", " ", " x", "x ", "x\u00a0", "[OE]", "［OE］", "[OE]\ufeff", "x\0", "x\ny", "\ud800", "null", "NULL", '""']
)
def test_what_cannot_be_a_literal_is_said(text: str) -> None:
    assert why_not_literal(text)


@pytest.mark.parametrize("text", ["x", "1001", "José", "x,y;z", "'", '"', "%", "[x", "x]", "{}", "😀", "null and void", "; drop table x"])
def test_any_other_text_is_a_literal_whatever_it_looks_like(text: str) -> None:
    assert why_not_literal(text) is None

"""What the backend keeps: rows full of values that a careless reader takes for something else, and which of them a user may see."""

import hashlib
import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from tests.evaluation.meaning import And, Attribute, Attributes, Between, Compare, Constant, In, Node, Or, holds
from tests.evaluation.reading import Reading, Row

DEPARTMENTS = (
    *("CONS", "ICT", "HR", "SALES") * 6,
    *("cons", "CONS ", " CONS", "CONSULT", "CON", "", None, "null", "[is leeg]", "[Vandaag]", "%", "_", "C%", "C_NS", "CXNS", "C[A-Z]NS"),
    *("A", "B", "A,B", "A;B", "A B", "A+B", "A%2CB", "A&B", "A=B", "O'Neil", 'say "x"', "back\\slash", "1", "01", "1.0", "-1", "true", "0"),
    *("É", "E", "ＣＯＮＳ", "C\u200bONS", "CONS;ICT", "CONS' or '1'='1", "CONS%", "%CONS%", "*", "?", "e\u0301"),
)
ADMINISTRATIONS = ("1", "2", "3", "10", None)

TWINS = {"Afdeling": "U001", "Administratie": "UnCo", "Id": "U000", "Uren": "U003", "Omschrijving": "U004"}
"""Internal names of fields, under which the backend also filters (wire reference 2.7)."""


def _rows(seed: int, count: int) -> tuple[Row, ...]:
    chance = random.Random(seed)
    return tuple(
        {
            "Id": str(number),
            "Afdeling": DEPARTMENTS[number % len(DEPARTMENTS)],
            "Administratie": chance.choice(ADMINISTRATIONS),
            "Uren": chance.choice(("0", "1", "4", "8", "7.5", "12", None)),
            "Omschrijving": chance.choice(("werk", "Reis", "a,b", "a;b", "100%", "", None, "ziek & beter", "één")),
        }
        for number in range(1, count + 1)
    )


HOURS = _rows(1, 150)
LEDGER = _rows(2, 150)
COUNTRIES: tuple[Row, ...] = tuple({"Id": name, "Naam": name.lower()} for name in ("NL", "BE", "DE", "FR", "LU"))


def _files() -> Iterator[Row]:
    departments = ("CONS", "ICT", "HR", "SALES", "CONSULT", "cons", None, "", "%", "A,B", "1", "É")
    for number, department in enumerate(departments * 2, start=1):
        plain = hashlib.md5(str(number).encode(), usedforsecurity=False).hexdigest()
        dashed = "-".join((plain[:8], plain[8:12], plain[12:16], plain[16:20], plain[20:]))
        guid = (plain.upper(), plain, dashed.upper(), dashed)[number % 4]
        # Dossier item 900 has attachments of many departments; 7000 and on have one each.
        subject = "900" if number % 3 == 1 else str(7000 + number)
        yield {"FileId": guid, "SubjectId": subject, "AttachmentId": str(number), "Afdeling": department, "Uren": "5"}


FILES = tuple(_files())

TABLES: Mapping[str, Sequence[Row]] = {
    "Profit_Hours": HOURS,
    "Profit_Ledger": LEDGER,
    "Profit_Countries": COUNTRIES,
    "Profit_Unguarded": HOURS,
    "Profit_Files": FILES,
    "Profit_Secret": HOURS,
}

DEPARTMENT = "department"
ADMINISTRATION = "administration"

FILTERS: Mapping[str, Mapping[str, Node]] = {
    DEPARTMENT: {
        "consultancy": In(DEPARTMENT, (Attribute("departments"),), negated=False, in_parentheses=False),
        "hr": Or((Compare(DEPARTMENT, "=", "HR"), And((Compare(DEPARTMENT, "=", "SALES"), Compare("hours", ">", "4"))))),
        "management": Constant(admits=True),
    },
    ADMINISTRATION: {
        "consultancy": In(ADMINISTRATION, ("1", "2"), negated=False, in_parentheses=True),
        "hr": Between(ADMINISTRATION, "3", "3", negated=False),
        "management": Constant(admits=True),
    },
}
"""By filter type and group."""

GUARDS: Mapping[str, Mapping[str, Mapping[str, str]]] = {
    DEPARTMENT: {
        "Profit_Hours": {"department": "Afdeling", "hours": "Uren"},
        "Profit_Ledger": {"department": "Afdeling", "hours": "Uren"},
        "Profit_Files": {"department": "Afdeling", "hours": "Uren"},
    },
    ADMINISTRATION: {"Profit_Ledger": {"administration": "Administratie"}},
}
"""By filter type and GetConnector: the field that carries a logical name."""


@dataclass(frozen=True, slots=True)
class Person:
    """A user with his groups and attributes."""

    name: str
    groups: frozenset[str]
    attributes: Attributes


PEOPLE = {
    person.name: person
    for person in (
        Person("j.devries", frozenset({"consultancy"}), {"departments": ("CONS", "ICT")}),
        Person("p.bakker", frozenset({"consultancy"}), {"departments": ("ICT",)}),
        Person("m.jansen", frozenset({"management"}), {}),
        Person("b.oth", frozenset({"consultancy", "hr"}), {"departments": ("CONS",)}),
        Person("n.obody", frozenset(), {"departments": ("CONS",)}),
        Person("e.mpty", frozenset({"consultancy"}), {}),
        Person("w.ild", frozenset({"consultancy"}), {"departments": ("C%", "%")}),
        Person("w.ilder", frozenset({"consultancy"}), {"departments": ("C_NS", "C[A-Z]NS")}),
        Person("c.omma", frozenset({"consultancy"}), {"departments": ("A,B", "A;B", "A%2CB")}),
        Person("p.lus", frozenset({"consultancy"}), {"departments": ("A&B", "A=B", "A+B")}),
        Person("q.uote", frozenset({"consultancy"}), {"departments": ("O'Neil", 'say "x"', "CONS' or '1'='1")}),
        Person("s.lash", frozenset({"consultancy"}), {"departments": ("back\\slash", "É")}),
        Person("o.ne", frozenset({"consultancy"}), {"departments": ("1",)}),
    )
}


def may_see(person: Person, connector: str, row: Row, reading: Reading) -> bool:
    """Whether policy lets this person see this row: OR over his groups within a filter type, AND over the types that guard."""
    guarding = [name for name, connectors in GUARDS.items() if connector in connectors]
    return all(_type_admits(person, name, GUARDS[name][connector], row, reading) for name in guarding)


def _type_admits(person: Person, filter_type: str, fields: Mapping[str, str], row: Row, reading: Reading) -> bool:
    logical = {name: row[field] for name, field in fields.items()}
    nodes = [node for group, node in FILTERS[filter_type].items() if group in person.groups]
    return any(holds(node, logical, person.attributes, reading) is True for node in nodes)

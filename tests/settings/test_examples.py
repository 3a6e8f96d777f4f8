"""The examples that people start from load without an error, and the one in the repository shows every key."""

import re
from pathlib import Path

from sidecar.settings.schema import json_schema
from sidecar.store.file import load
from tests.settings.sample import ENVIRON, NOW, load_text
from tests.settings.test_schema import _properties

EXAMPLE = Path(__file__).parents[2] / "config.example.yaml"

FORMAT = """\
listen: 127.0.0.1:8080
admin: {listen: 127.0.0.1:8081}
trusted_proxies: []                     # whose X-Forwarded-For is believed; nobody by default

environments:
  O12345AA:
    rest: https://12345.rest.afas.online/ProfitRestServices
    soap: https://12345.soap.afas.online/ProfitServices
    credential: {afas_token: "${PROFIT_TOKEN}"}       # or {afas_token: {file: /run/secrets/profit}}, {passthrough: true}, {oauth: {…}}

groups:
  everyone: all
  consultancy: [j.devries, p.bakker]
  management: [m.jansen]

users:
  j.devries:
    email: j.devries@example.com
    applications: [pocket]              # at least one, or the user gets nowhere
    attributes: {employee: "1001", departments: [CONS, ICT]}
  sync.service: {system: true, applications: [connector]}      # linked to no person: no e-mail needed
  m.jansen: {email: m.jansen@example.com, applications: [insite], blocked: false}

app_connectors:
  hours:
    description: Book hours
    environment: O12345AA
    group: consultancy
    blocked: false                      # a new app connector is blocked until someone says false
    get_connectors: [Profit_Hours, Profit_Employees]
    unfiltered_get_connectors: [Profit_Countries]     # every member sees all rows: said out loud
    update_connectors: {PtRealization: [insert, update]}
    special_connectors:
      version:                          # nothing to check
      subject: {get_connector: Profit_Employees, field: DossierId, file_field: FileId}      # whose attachments: those of rows he sees
    ip: {allow: [192.0.2.0/24]}
    tokens:
      - {user: j.devries, description: iPhone, sha256: "<sha256>", expires: 2027-01-01}   # sha256 of the 64 hex characters of <data>

filter_types:
  department:
    fields:                             # which field of which GetConnector carries it
      Profit_Hours: {department: Afdeling}
      Profit_Employees: {department: DepartmentCode}
    filters:                            # which rows each group may see
      consultancy: department in @user.departments
      management: everything
"""


def test_the_example_of_the_format_loads_with_all_that_it_says(tmp_path: Path) -> None:
    loaded = load_text(tmp_path, FORMAT.replace("<sha256>", "Ab" * 32), ENVIRON)
    assert [problem for problem in loaded.problems if problem.severity == "error"] == []
    assert loaded.snapshot is not None
    policy = loaded.snapshot.policy
    hours = policy.app_connectors["hours"]
    assert policy.users["j.devries"].attributes == {"employee": "1001", "departments": ("CONS", "ICT")}
    assert policy.users["sync.service"].system
    assert {connector.name for connector in hours.get_connectors.values()} == {"Profit_Hours", "Profit_Employees", "Profit_Countries"}
    assert hours.get_connectors["profit_employees"].filter_types == ("department",)
    assert policy.filter_types["department"].fields["profit_hours"] == {"department": "Afdeling"}
    assert set(policy.filter_types["department"].filters) == {"consultancy", "management"}
    assert [token.expires for token in policy.tokens.values()] == [NOW.replace(year=2027, month=1)]
    assert loaded.snapshot.environments["O12345AA"].rest == "https://12345.rest.afas.online/ProfitRestServices"


def test_the_example_in_the_repository_loads_without_any_problem() -> None:
    loaded = load([EXAMPLE], ENVIRON, NOW)
    assert loaded.problems == ()
    assert loaded.snapshot is not None


def test_the_example_in_the_repository_shows_every_key_that_works() -> None:
    text = EXAMPLE.read_text("utf-8")
    assert text.startswith("# yaml-language-server: $schema=sidecar/config.schema.json\n")
    keys = {key for key, _ in _properties(json_schema())}
    assert [key for key in sorted(keys) if not re.search(rf"\b{key}:", text)] == []

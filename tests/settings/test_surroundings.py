"""What comes from environment variables and from other files, relative to the one that names them."""

import base64
from pathlib import Path

import pytest

from sidecar.store.file import load
from sidecar.store.snapshot import AfasToken, Passthrough
from tests.settings.sample import ENVIRON, NOW, SECRET, bent, load_content, load_text

XML = f"<token><version>1</version><data>{SECRET}</data></token>"
HEADER = "AfasToken " + base64.b64encode(XML.encode()).decode()

FORMS = [
    SECRET,
    f"  {SECRET}\r\n",
    XML,
    XML.replace("><", ">\n  <") + "\n",
    base64.b64encode(XML.encode()).decode(),
    base64.b64encode(f"{XML}\r\n".encode()).decode() + "\n",
]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("in_file", [True, False])
def test_the_backends_token_may_have_any_form_that_people_have(tmp_path: Path, form: str, in_file: bool) -> None:
    (tmp_path / "profit").write_text(form)
    credential = {"afas_token": {"file": "profit"} if in_file else "${T}"}
    loaded = load_content(tmp_path, bent("environments/O12345AA/credential", credential), {"T": form})
    assert loaded.snapshot is not None
    assert loaded.snapshot.environments["O12345AA"].credential == AfasToken(HEADER)
    assert (tmp_path / "profit" in loaded.files) == in_file


def test_the_clients_own_token_can_be_passed_through(tmp_path: Path) -> None:
    loaded = load_content(tmp_path, bent("environments/O12345AA/credential", {"passthrough": True}))
    assert loaded.snapshot is not None
    assert loaded.snapshot.environments["O12345AA"].credential == Passthrough()


def test_variables_are_replaced_where_the_documentation_says_so(tmp_path: Path) -> None:
    content = bent("environments/O12345AA/rest", "https://${HOST}/ProfitRestServices/")
    content["environments"]["O12345AA"]["soap"] = "https://${HOST}/ProfitServices"
    content["environments"]["O12345AA"]["credential"] = {"afas_token": {"file": "${FOLDER}/profit"}}
    content |= {"listen": "${ADDRESS}:80", "admin": {"listen": "${ADDRESS}:81"}}
    content["app_connectors"]["hours"]["description"] = "${HOST}"
    (tmp_path / "secrets").mkdir()
    (tmp_path / "secrets/profit").write_text(SECRET)
    loaded = load_content(tmp_path, content, {"HOST": "backend.example", "ADDRESS": "0.0.0.0", "FOLDER": str(tmp_path / "secrets")})  # noqa: S104
    assert loaded.settings is not None
    assert loaded.snapshot is not None
    environment = loaded.settings.environments["O12345AA"]
    assert (environment.rest, environment.soap) == ("https://backend.example/ProfitRestServices", "https://backend.example/ProfitServices")
    assert (loaded.settings.listen, loaded.settings.admin.listen) == ("0.0.0.0:80", "0.0.0.0:81")
    assert loaded.settings.app_connectors["hours"].description == "${HOST}"


def test_paths_are_relative_to_the_file_that_names_them(tmp_path: Path) -> None:
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts/profit").write_text(SECRET)
    text = "environments:\n  E: {rest: 'https://backend.example', credential: {afas_token: {file: profit}}}\n"
    (tmp_path / "parts/environments.yaml").write_text(text)
    (tmp_path / "config.yaml").write_text("include: [parts/environments.yaml]\n")
    loaded = load([tmp_path / "config.yaml"], {}, NOW)
    assert loaded.problems == ()
    assert [file.relative_to(tmp_path).as_posix() for file in loaded.files] == ["config.yaml", "parts/environments.yaml", "parts/profit"]


def test_a_token_in_clear_is_warned_of(tmp_path: Path) -> None:
    (problem,) = load_content(tmp_path, bent("environments/O12345AA/credential", {"afas_token": SECRET})).problems
    assert (problem.severity, problem.path) == ("warning", "environments.O12345AA.credential.afas_token")


MISPLACED = [
    ("environments/O12345AA/credential", {"afas_token": SECRET + "0"}),
    ("environments/O12345AA/credential", {"afas_token": XML + "x"}),
    ("environments/O12345AA/credential", {"afas_token": base64.b64encode(XML.encode()).decode() + "!"}),
    ("environments/O12345AA/credential", {"afas_token": int("7" * 64)}),
    ("environments/O12345AA/credential", {SECRET: None}),
    ("environments/O12345AA/credential", SECRET),
    ("environments/O12345AA/credential", {"passthrough": SECRET}),
    ("environments/O12345AA/credential", {"afas_token": {"file": SECRET}}),
    ("environments/O12345AA/credential", {"afas_token": [SECRET]}),
    ("environments/O12345AA/rest", f"https://{SECRET}@backend.example"),
    ("environments/O12345AA/rest", "${PROFIT_TOKEN}"),
    ("listen", "${PROFIT_TOKEN}"),
    ("groups/consultancy", [SECRET]),
    ("app_connectors/hours/group", HEADER),
    ("app_connectors/hours/environment", XML),
    ("app_connectors/hours/special_connectors", [SECRET]),
    ("app_connectors/hours/ip", {"allow": [SECRET]}),
    ("app_connectors/hours/tokens", [{"user": SECRET, "sha256": XML}]),
    ("users/j.devries/attributes", {"a": f"[{SECRET}]"}),
    ("filter_types/department/filters", {"app": f"department = {SECRET}"}),
    ("filter_types/department/filters", {"app": f"department = '{SECRET}' and"}),
    ("limits", {"head": SECRET}),
    (SECRET, 1),
]


@pytest.mark.parametrize(("path", "value"), MISPLACED)
def test_a_secret_is_never_part_of_a_problem_wherever_it_was_written(tmp_path: Path, path: str, value: object) -> None:
    loaded = load_content(tmp_path, bent(path, value) if value is not None else bent(path, {}))
    assert loaded.problems
    for problem in loaded.problems:
        for secret in (SECRET, "7" * 40, HEADER.split()[1][:60]):
            assert secret not in str(problem)
            assert secret not in repr(problem)


@pytest.mark.parametrize("text", [f"a: [{SECRET}\nb: {{", f"a: *{SECRET}\n", f"a: !{SECRET} x\n", f"a: '{SECRET}\n", f"{SECRET}: 1\n" * 2])
def test_a_secret_is_never_part_of_a_syntax_error(tmp_path: Path, text: str) -> None:
    loaded = load_text(tmp_path, text)
    assert loaded.problems
    assert SECRET not in repr(loaded.problems)


def test_a_secret_does_not_show_in_anything_that_was_loaded(tmp_path: Path) -> None:
    loaded = load_content(tmp_path, bent("environments/O12345AA/soap", "https://backend.example/soap"), ENVIRON)
    assert loaded.snapshot is not None
    for shown in (loaded, loaded.settings, loaded.snapshot, loaded.report, loaded.snapshot.environments):
        for text in (repr(shown), str(shown)):
            assert SECRET not in text
            assert HEADER not in text
    assert loaded.settings is not None
    assert SECRET not in repr(loaded.settings.model_dump())

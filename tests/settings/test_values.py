"""What single values become, and that YAML 1.1's own ideas about them never pass unnoticed."""

from datetime import UTC, datetime
from ipaddress import ip_network
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from sidecar.proxy.upstream.origin import parse_origin
from sidecar.settings.scalars import BackendUrl, host_and_port
from sidecar.store.file import Loaded
from tests.settings.sample import ENVIRONMENT, bent, load_content, load_text


def _load_attribute(folder: Path, written: str) -> Loaded:
    return load_text(folder, f"users:\n  x:\n    attributes:\n      a: {written}\n{ENVIRONMENT}")


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("CONS", "CONS"),
        ("1001", "1001"),
        ("-5", "-5"),
        ("1.50", "1.50"),
        ("true", "true"),
        ("False", "false"),
        ("2027-01-01", "2027-01-01T00:00:00"),
        ("2027-01-01 12:30:05", "2027-01-01T12:30:05"),
        ("'0123'", "0123"),
        ("[A, 2, true]", ("A", "2", "true")),
        ("[]", ()),
    ],
)
def test_an_attribute_becomes_the_text_that_the_backend_knows(tmp_path: Path, written: str, value: str | tuple[str, ...]) -> None:
    loaded = _load_attribute(tmp_path, written)
    assert loaded.snapshot is not None
    assert loaded.snapshot.policy.users["x"].attributes == {"a": value}


@pytest.mark.parametrize(
    ("written", "remedy"),
    [
        ("0123", 'quote it: "0123"'),
        ("1:30", 'quote it: "1:30"'),
        ("1_000", 'quote it: "1_000"'),
        ("0x1F", 'quote it: "0x1F"'),
        ("1.5e+3", 'quote it: "1.5e+3"'),
        (".inf", 'quote it: ".inf"'),
        ("NO", 'quote it: "NO", or write true or false'),
        ("[A, on]", 'quote it: "on", or write true or false'),
        ("2027-01-01T12:00:00Z", "write it as 2027-01-01T12:00:00"),
        ("2027-01-01 12:00:00.5", "write it as 2027-01-01T12:00:00"),
    ],
)
def test_an_attribute_that_yaml_would_change_silently_is_an_error(tmp_path: Path, written: str, remedy: str) -> None:
    (problem,) = _load_attribute(tmp_path, written).problems
    assert (problem.line, problem.path, problem.remedy) == (4, "users.x.attributes.a", remedy)


@pytest.mark.parametrize(
    ("written", "moment"),
    [
        ("2027-01-01", datetime(2027, 1, 1, tzinfo=UTC)),
        ("'2027-01-01'", datetime(2027, 1, 1, tzinfo=UTC)),
        ("2027-01-01 12:00:00", datetime(2027, 1, 1, 12, tzinfo=UTC)),
        ("2027-01-01T12:00:00+02:00", datetime(2027, 1, 1, 10, tzinfo=UTC)),
        ("'2027-01-01T12:00:00Z'", datetime(2027, 1, 1, 12, tzinfo=UTC)),
    ],
)
def test_a_moment_is_in_utc_unless_it_says_otherwise_and_a_date_is_its_start(tmp_path: Path, written: str, moment: datetime) -> None:
    loaded = load_text(tmp_path, f"app_connectors:\n  x: {{environment: E, group: everyone, valid_until: {written}}}\n{ENVIRONMENT}")
    assert loaded.snapshot is not None
    assert loaded.snapshot.policy.app_connectors["x"].valid_until == moment


def test_networks_are_read_in_all_their_forms_and_mapped_ones_as_ipv4(tmp_path: Path) -> None:
    allow = ["192.0.2.7", "198.51.100.0/24", "2001:db8::/32", "::ffff:203.0.113.0/120"]
    loaded = load_content(tmp_path, bent("app_connectors/hours/ip", {"allow": allow}))
    assert loaded.snapshot is not None
    networks = loaded.snapshot.policy.app_connectors["hours"].addresses.allow
    assert set(networks) == {ip_network(text) for text in ["192.0.2.7", "198.51.100.0/24", "2001:db8::/32", "203.0.113.0/24"]}


@pytest.mark.parametrize(
    "networks", [["10.0.0.0/8"], ["192.0.2.1", "2001:db8::1"], ["fc00::/7"], ["127.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"]]
)
def test_private_networks_may_be_trusted(tmp_path: Path, networks: list[str]) -> None:
    loaded = load_content(tmp_path, bent("trusted_proxies", networks))
    assert loaded.settings is not None
    assert len(loaded.settings.trusted_proxies) == len(networks)


def test_an_address_to_listen_on_is_taken_apart() -> None:
    assert host_and_port("127.0.0.1:8080") == ("127.0.0.1", 8080)
    assert host_and_port("[::1]:0") == ("::1", 0)
    assert host_and_port("localhost:65535") == ("localhost", 65535)
    for wrong in ("localhost", "::1:80", "a:b", "host:70000", "ho st:1", "host:1\n"):
        with pytest.raises(ValueError, match="expected host:port"):
            host_and_port(wrong)


def test_defaults_are_those_of_the_documentation(tmp_path: Path) -> None:
    settings = load_text(tmp_path, ENVIRONMENT).settings
    assert settings is not None
    assert (settings.listen, settings.admin.listen, settings.trusted_proxies) == ("127.0.0.1:8080", "127.0.0.1:8081", ())
    assert settings.limits.model_dump() == {"head": 16_384, "body": 78_643_200, "answer": 8_388_608}
    assert settings.timeouts.model_dump() == {"connect": 5, "head": 900, "idle": 60, "client": 60, "keep_alive": 75, "drain": 30}


_HOSTS = st.from_regex(r"(?:[a-zA-Z0-9_.-]{1,20}|\[[0-9a-f:.]{2,12}\])(?::[0-9]{1,5})?", fullmatch=True)
_PATHS = st.from_regex(r"[a-zA-Z0-9._~!$&'()*+,;=:@/?%#\\ -]{0,12}", fullmatch=True)


@given(st.sampled_from(["http", "https", "HTTPS"]), _HOSTS, _PATHS)
def test_a_url_that_is_accepted_is_one_that_can_be_connected_to(scheme: str, host: str, path: str) -> None:
    url = f"{scheme}://{host}/{path}"
    try:
        accepted = TypeAdapter(BackendUrl).validate_python(url)
    except ValidationError:
        return
    origin, base = parse_origin(accepted)
    assert (origin.scheme, f"/{path}".removesuffix("/")) == (scheme.lower(), base)


@pytest.mark.parametrize(
    "url",
    [
        "https://12345.rest.afas.online/ProfitRestServices",
        "http://127.0.0.1:9000/ProfitRestServices",
        "https://[::1]:8443/a/b",
        "https://backend",
        "HTTPS://Backend.Example:443",
    ],
)
def test_a_usual_url_is_accepted_without_its_last_slash(url: str) -> None:
    assert TypeAdapter(BackendUrl).validate_python(url) == TypeAdapter(BackendUrl).validate_python(f"{url}/") == url


@pytest.mark.parametrize(("written", "mode"), [("off", "off"), ("'off'", "off"), ("sample", "sample"), ("enforce", "enforce")])
def test_a_word_that_yaml_takes_for_a_boolean_is_the_word_where_it_is_one_of_a_few(tmp_path: Path, written: str, mode: str) -> None:
    app_connector = f"app_connectors: {{a: {{environment: E, group: everyone, blocked: false, row_guard: {written}}}}}\n"
    loaded = load_text(tmp_path, app_connector + ENVIRONMENT)
    assert loaded.snapshot is not None, loaded.problems
    assert loaded.snapshot.policy.app_connectors["a"].row_guard == mode


@pytest.mark.parametrize("written", ["no", "false", "true", "0", "all", "[off]", "Off"])
def test_any_other_word_is_told_with_its_place(tmp_path: Path, written: str) -> None:
    loaded = load_text(tmp_path, f"app_connectors: {{a: {{environment: E, group: everyone, row_guard: {written}}}}}\n{ENVIRONMENT}")
    assert loaded.snapshot is None
    assert any(problem.path == "app_connectors.a.row_guard" and "enforce" in str(problem) for problem in loaded.problems)

"""The container file, read as a builder reads it: small, pinned, not root, and nothing in it but the program. No engine is needed."""

import json
import shlex
from fnmatch import fnmatch
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[2]
CONTAINERFILE = ROOT / "deploy/container/Containerfile"
BUILD_REQUIREMENTS = ROOT / "deploy/container/requirements-build.txt"


class Instruction(NamedTuple):
    stage: int
    name: str
    rest: str


def read(text: str) -> list[Instruction]:
    """The instructions with their stage (0 is the first), continuation lines joined and comments dropped."""
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    joined = "\n".join(lines).replace("\\\n", " ")
    found: list[Instruction] = []
    stage = -1
    for line in filter(str.strip, joined.splitlines()):
        name, _, rest = line.strip().partition(" ")
        stage += name == "FROM"
        found.append(Instruction(stage, name, rest.strip()))
    return found


INSTRUCTIONS = read(CONTAINERFILE.read_text("utf-8"))
RUNTIME = [instruction for instruction in INSTRUCTIONS if instruction.stage == max(i.stage for i in INSTRUCTIONS)]


def one(name: str) -> str:
    (found,) = [instruction.rest for instruction in RUNTIME if instruction.name == name]
    return found


def sources_from_the_checkout() -> list[str]:
    copies = [shlex.split(instruction.rest) for instruction in INSTRUCTIONS if instruction.name == "COPY"]
    return [source for words in copies if not words[0].startswith("--from=") for source in words[:-1]]


def test_it_is_built_in_one_stage_and_runs_in_another() -> None:
    bases = [instruction.rest.split() for instruction in INSTRUCTIONS if instruction.name == "FROM"]
    assert bases == [["python:3.13-slim", "AS", "build"], ["python:3.13-slim"]]
    assert [instruction.rest for instruction in RUNTIME if instruction.name in {"COPY", "ADD", "RUN"}] == [
        "--from=build /opt/sidecar /opt/sidecar"
    ]


def test_it_runs_as_a_numeric_user_that_is_not_root() -> None:
    user, group = one("USER").split(":")
    assert int(user) >= 10_000
    assert int(group) >= 10_000


def test_nothing_is_fetched_but_packages_with_known_hashes() -> None:
    assert not [instruction for instruction in INSTRUCTIONS if instruction.name == "ADD"]
    commands = [
        shlex.split(command) for instruction in INSTRUCTIONS if instruction.name == "RUN" for command in instruction.rest.split("&&")
    ]
    installs = [words for words in commands if "install" in words or "wheel" in words]
    assert len(installs) == 4
    for words in installs:
        pinned = {"--require-hashes", "--only-binary=:all:"} <= set(words)
        fetches_nothing = "--no-deps" in words and ("--no-index" in words or "--no-build-isolation" in words)
        assert pinned or fetches_nothing, words
    assert {words[0] for words in commands} == {"python", "pip"}


def test_what_builds_the_wheel_is_pinned_as_in_development() -> None:
    pinned = BUILD_REQUIREMENTS.read_text("utf-8").partition("\n")[2]
    assert pinned.startswith("setuptools==")
    assert "--hash=sha256:" in pinned
    assert pinned in (ROOT / "requirements-dev.txt").read_text("utf-8"), "copy the lines of setuptools from requirements-dev.txt"


@pytest.mark.parametrize("source", sources_from_the_checkout())
def test_everything_it_copies_exists_and_reaches_the_builder(source: str) -> None:
    assert (ROOT / source).exists()
    assert reaches_the_builder(source)


@pytest.mark.parametrize("private", ["config.yaml", "tokens.yaml", ".git/config", "policy/profit-token", ".env", "tests/deploy"])
def test_nothing_else_in_the_checkout_reaches_the_builder(private: str) -> None:
    assert not reaches_the_builder(private)


def reaches_the_builder(path: str) -> bool:
    """As builders read .dockerignore: the last pattern that matches decides, and a pattern matches what lies below it too."""
    ignored = False
    for line in (ROOT / ".dockerignore").read_text("utf-8").splitlines():
        pattern = line.removeprefix("!")
        if line and not line.startswith("#") and (fnmatch(path, pattern) or path.startswith(f"{pattern}/")):
            ignored = not line.startswith("!")
    return not ignored


def test_it_starts_the_proxy_with_the_mounted_configuration() -> None:
    assert json.loads(one("ENTRYPOINT")) == ["sidecar"]
    assert json.loads(one("CMD")) == ["run", "-c", "/etc/sidecar/config.yaml"]
    assert one("STOPSIGNAL") == "SIGTERM"


def test_its_health_check_asks_the_admin_port_in_python_that_compiles() -> None:
    _, _, command = one("HEALTHCHECK").partition("CMD ")
    python, option, program = json.loads(command)
    assert (python, option) == ("python", "-c")
    compile(program, "healthcheck", "exec")
    assert "'127.0.0.1', 8081" in program
    assert "'/livez'" in program


def test_it_writes_nothing_at_run_time_and_carries_no_secret() -> None:
    settings = dict(word.split("=", 1) for word in shlex.split(one("ENV")))
    assert settings == {"PATH": "/opt/sidecar/bin:$PATH", "PYTHONDONTWRITEBYTECODE": "1", "PYTHONUNBUFFERED": "1"}
    assert not [instruction for instruction in INSTRUCTIONS if instruction.name in {"ARG", "VOLUME"}]
    labels = [word.split("=", 1)[0] for word in shlex.split(one("LABEL"))]
    assert labels == ["org.opencontainers.image.title", "org.opencontainers.image.description"]

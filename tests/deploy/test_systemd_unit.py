"""The systemd unit: what it may do, how it stops and reloads, and where the backend's token comes from."""

import shutil
import subprocess
import sys
from configparser import RawConfigParser
from pathlib import Path

import pytest

from sidecar.settings.model import Timeouts

UNIT = Path(__file__).parents[2] / "deploy/systemd/connector-sidecar.service"
TEXT = UNIT.read_text("utf-8")
SYSTEMD_ANALYZE = shutil.which("systemd-analyze")


def section(name: str) -> dict[str, str]:
    # Not strict, because systemd lets a directive be repeated; the parser keeps the last.
    parser = RawConfigParser(strict=False, comment_prefixes=("#",), delimiters=("=",), interpolation=None)
    parser.optionxform = str  # type: ignore[assignment, method-assign]
    parser.read_string(TEXT)
    assert parser.sections() == ["Unit", "Service", "Install"]
    return dict(parser[name])


SERVICE = section("Service")


@pytest.mark.parametrize(
    "directive",
    [
        "LockPersonality",
        "MemoryDenyWriteExecute",
        "NoNewPrivileges",
        "PrivateDevices",
        "PrivateTmp",
        "PrivateUsers",
        "ProtectClock",
        "ProtectControlGroups",
        "ProtectHome",
        "ProtectHostname",
        "ProtectKernelLogs",
        "ProtectKernelModules",
        "ProtectKernelTunables",
        "RemoveIPC",
        "RestrictNamespaces",
        "RestrictRealtime",
        "RestrictSUIDSGID",
    ],
)
def test_it_gives_up_what_it_does_not_need(directive: str) -> None:
    assert SERVICE[directive] == "yes"


@pytest.mark.parametrize(
    ("directive", "value"),
    [
        ("CapabilityBoundingSet", ""),
        ("AmbientCapabilities", ""),
        ("ProtectSystem", "strict"),
        ("ProtectProc", "invisible"),
        ("RestrictAddressFamilies", "AF_INET AF_INET6"),
        ("SystemCallArchitectures", "native"),
        ("UMask", "0077"),
    ],
)
def test_it_is_held_to_reading_its_files_and_talking_tcp(directive: str, value: str) -> None:
    assert SERVICE[directive] == value


def test_it_may_write_nowhere() -> None:
    assert not SERVICE.keys() & {"ReadWritePaths", "StateDirectory", "CacheDirectory", "LogsDirectory", "RuntimeDirectory"}


def test_system_calls_are_those_of_a_service_without_the_privileged_ones() -> None:
    filters = [line.partition("=")[2] for line in TEXT.splitlines() if line.startswith("SystemCallFilter=")]
    assert filters == ["@system-service", "~@privileged @resources"]


def test_it_runs_as_a_user_of_its_own() -> None:
    assert SERVICE["User"] == SERVICE["Group"] == "connector-sidecar"


def test_it_reloads_on_hangup_and_drains_on_stop() -> None:
    assert SERVICE["ExecReload"] == "/bin/kill -HUP $MAINPID"
    assert SERVICE["KillSignal"] == "SIGTERM"
    assert int(SERVICE["TimeoutStopSec"]) >= Timeouts().drain + 10
    assert SERVICE["Restart"] == "on-failure"


def test_the_backend_token_is_a_credential_of_the_service_and_never_in_its_environment() -> None:
    assert SERVICE["LoadCredential"] == "profit-token:/etc/connector-sidecar/credentials/profit-token"
    assert not SERVICE.keys() & {"Environment", "EnvironmentFile", "PassEnvironment"}
    assert '{file: "${CREDENTIALS_DIRECTORY}/profit-token"}' in TEXT


def test_it_starts_the_installed_command_with_the_configuration() -> None:
    program, *words = SERVICE["ExecStart"].split()
    assert program.endswith("/bin/sidecar")
    assert words == ["run", "-c", "/etc/connector-sidecar/config.yaml", "--log-format", "json"]
    assert section("Install") == {"WantedBy": "multi-user.target"}


@pytest.mark.skipif(SYSTEMD_ANALYZE is None, reason="systemd-analyze is not on this machine; the directives are checked above")
@pytest.mark.parametrize("arguments", [["verify"], ["security", "--offline=yes", "--threshold=20"]])
def test_systemd_itself_finds_no_fault(arguments: list[str], tmp_path: Path) -> None:
    assert SYSTEMD_ANALYZE is not None
    # `verify` wants a program that exists; the threshold is ten times the exposure level, so 2.0 of 10.
    copy = tmp_path / UNIT.name
    copy.write_text(TEXT.replace("/opt/connector-sidecar/bin/sidecar", sys.executable), "utf-8")
    done = subprocess.run([SYSTEMD_ANALYZE, *arguments, str(copy)], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""

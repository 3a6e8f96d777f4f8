"""What is told about the interpreter that is measured."""

import sys
import sysconfig
from pathlib import Path

import pytest

from bench import machine


@pytest.mark.parametrize(
    ("settings", "optimised"),
    [
        ({"CONFIG_ARGS": "'--prefix=/opt/python' '--enable-optimizations' '--with-lto'"}, True),
        ({"PY_CORE_CFLAGS": "-O3 -fprofile-use -fprofile-correction"}, True),
        ({"CONFIG_ARGS": "'--prefix=/opt/python' '--enable-shared'", "PY_CFLAGS": "-O3"}, False),
        ({}, False),
    ],
)
def test_a_build_is_optimised_if_its_settings_say_so(settings: dict[str, str], optimised: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "base_prefix", "/opt/python")
    monkeypatch.setattr(sysconfig, "get_config_var", settings.get)
    assert machine.is_optimised() is optimised


def test_debians_build_is_optimised_without_saying_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    release = tmp_path / "debian_version"
    release.write_text("12.9\n")
    monkeypatch.setattr(sys, "base_prefix", "/usr")
    monkeypatch.setattr(sysconfig, "get_config_var", lambda _: None)
    monkeypatch.setattr(machine, "_DEBIAN", release)
    assert machine.is_optimised()
    assert "built by Debian with profile-guided optimisation" in machine.python()
    release.unlink()
    assert "built WITHOUT profile-guided optimisation" in machine.python()


def test_another_interpreter_tells_about_itself(tmp_path: Path) -> None:
    told = machine.measured_python(Path(sys.executable))
    assert told == machine.python()
    assert "aiohttp 3." in told
    assert "loop: " in told
    assert machine.measured_python(tmp_path / "python").endswith("does not run")

"""The PHP client, and whether it is to be had on this machine."""

import functools
import json
import os
import shutil
import subprocess
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

from tests.soap_clients.question import Fault, Question, Reply

_SCRIPT = Path(__file__).with_name("client.php")
_PATIENCE = 60


@functools.cache
def _php() -> str | None:
    """PHP with its SOAP extension; None without it."""
    php = shutil.which("php")
    if php is None:
        return None
    modules = subprocess.run([php, "-m"], capture_output=True, text=True, timeout=_PATIENCE, check=False).stdout
    return php if "soap" in modules.split() else None


def ask_with_php(base: str, question: Question) -> Reply:
    """A `SoapClient`. The test is skipped where there is no PHP; in CI there has to be one."""
    php = _php()
    if php is None:
        assert os.environ.get("CI") != "true", "CI runs the tests with PHP's SoapClient: apt-get install php-cli php-soap"
        pytest.skip("PHP's SoapClient is missing; on Debian: apt-get install php-cli php-soap")
    asked = json.dumps({**asdict(question), "wsdl": f"{base}/{question.service}.asmx?WSDL"})
    process = subprocess.run([php, str(_SCRIPT)], input=asked, capture_output=True, text=True, timeout=_PATIENCE, check=False)
    assert process.returncode == 0, process.stdout + process.stderr
    said = json.loads(process.stdout)
    if "fault" not in said:
        return Reply(said["address"], result=said["result"])
    fault = said["fault"]
    return Reply(said["address"] or "", fault=Fault(fault["code"], fault["text"], _leaves(fault["detail"])))


def _leaves(detail: Any) -> dict[str, str]:
    """The texts of a fault's detail, which PHP makes nested objects of."""
    if not isinstance(detail, dict):
        return {}
    found = {name: str(value) for name, value in detail.items() if not isinstance(value, dict)}
    for value in detail.values():
        found |= _leaves(value)
    return found

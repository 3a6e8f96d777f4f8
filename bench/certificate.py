"""A certificate that the backend signs itself, for the measurements with TLS towards it."""

import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

_NAMES = "subjectAltName=DNS:localhost,IP:127.0.0.1"
# Strict verifiers want these of an authority; this one is its own.
_USAGE = ("basicConstraints=critical,CA:TRUE", "keyUsage=critical,digitalSignature,keyCertSign")


@dataclass(frozen=True, slots=True)
class Certificate:
    """Files in PEM. Who trusts `file` as an authority trusts the backend."""

    file: Path
    key: Path


def make_certificate(folder: Path) -> Certificate | None:
    """For `localhost` and 127.0.0.1, valid for two days; None without openssl."""
    openssl = shutil.which("openssl")
    if openssl is None:
        return None
    made = Certificate(folder / "backend.pem", folder / "backend.key")
    extensions = [word for each in (_NAMES, *_USAGE) for word in ("-addext", each)]
    key = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", made.key)
    command: list[str | Path] = [openssl, "req", "-x509", *key, "-out", made.file, "-days", "2", "-subj", "/CN=localhost", *extensions]
    done = subprocess.run(command, capture_output=True, check=False)  # noqa: S603  made by this program
    return made if done.returncode == 0 else None

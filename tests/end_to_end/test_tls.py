"""TLS on the sidecar's own ports: what is agreed on, who is let in, and certificates that are exchanged while it runs."""

import gc
import hashlib
import json
import re
import signal
import socket
import ssl
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
import trustme

from sidecar.proxy.client_connection import ClientConnection
from tests.end_to_end.harness.backend import Received, Visit
from tests.end_to_end.harness.configuration import BASE, authorization, configuration, write
from tests.end_to_end.harness.faults import OK, drips, floods
from tests.end_to_end.harness.oracle import rows_target
from tests.end_to_end.harness.program import Program, program
from tests.end_to_end.harness.soap import BASE as SOAP_BASE
from tests.end_to_end.harness.stage import Change, OwnStage, Stage, wait_for
from tests.end_to_end.harness.tls import Authorities, TlsWire, alpn, der, expired, is_refused, shown, write_pair
from tests.end_to_end.harness.wire import Answer, BrokenOffError, Wire, request

ASK = request("GET", rows_target(), authorization("j.devries"))
LOOPS = pytest.mark.parametrize("uvloop", [True, False], ids=["uvloop", "asyncio"])


@pytest.fixture
def authorities(tmp_path: Path) -> Authorities:
    folder = tmp_path / "tls"
    folder.mkdir()
    return Authorities(folder)


def with_tls(part: dict[str, str], **more: Any) -> Change:
    def change(content: dict[str, Any]) -> None:
        content["tls"] = part
        content.update(more)

    return change


def ask(stage: Stage, client: ssl.SSLContext, data: bytes = ASK) -> Answer:
    with TlsWire(stage.port, client) as wire:
        return wire.ask(data)


def readiness(stage: Stage) -> Any:
    return json.loads(stage.admin("/readyz")[1])


@LOOPS
def test_rows_come_over_tls_as_they_do_without(own_stage: OwnStage, authorities: Authorities, uvloop: bool) -> None:
    plain, stage = own_stage(), own_stage(with_tls(authorities.settings()), uvloop=uvloop)
    client = authorities.client()
    with TlsWire(stage.port, client) as wire:
        answers = [wire.ask(ASK) for _ in range(4)]
    assert all(answer.rows == plain.get(rows_target()).rows for answer in answers)
    assert answers[0].rows


@LOOPS
def test_a_new_certificate_is_shown_to_whoever_connects_next_and_others_stay_connected(
    own_stage: OwnStage, authorities: Authorities, uvloop: bool
) -> None:
    stage, client = own_stage(with_tls(authorities.settings()), uvloop=uvloop), authorities.client()
    with TlsWire(stage.port, client) as before:
        first = before.shown
        assert before.ask(ASK).status == 200
        renewed = der(authorities.issue())
        wait_for(lambda: shown(stage.port, client) == renewed)
        assert renewed != first
        assert before.ask(ASK).status == 200
        assert readiness(stage)["tls"]["tls"]["certificate"] == hashlib.sha256(renewed).hexdigest()


def test_a_certificate_behind_a_link_that_is_turned_is_noticed(own_stage: OwnStage, authorities: Authorities, tmp_path: Path) -> None:
    """As Kubernetes exchanges the files of a Secret: all at once, by a link to another folder."""
    mount = tmp_path / "mount"
    for name in ("one", "two"):
        (mount / name).mkdir(parents=True)
        authorities.issue(mount / name)
    data = mount / "..data"
    data.symlink_to("one")
    for name in ("certificate.pem", "key.pem"):
        (mount / name).symlink_to(f"..data/{name}")
    part = {"certificate": str(mount / "certificate.pem"), "key": str(mount / "key.pem")}
    stage, client = own_stage(with_tls(part)), authorities.client()
    first = shown(stage.port, client)
    draft = mount / "..draft"
    draft.symlink_to("two")
    draft.replace(data)
    wait_for(lambda: shown(stage.port, client) != first)


def _other_key(authorities: Authorities) -> None:
    (authorities.folder / "key.pem").write_bytes(authorities.ours.issue_cert("localhost").private_key_pem.bytes())


def _no_key(authorities: Authorities) -> None:
    (authorities.folder / "key.pem").unlink()


def _no_certificate(authorities: Authorities) -> None:
    (authorities.folder / "certificate.pem").write_text("not one")


def _no_authorities(authorities: Authorities) -> None:
    (authorities.folder / "clients.pem").write_text("-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n")


@pytest.mark.parametrize("spoil", [_other_key, _no_key, _no_certificate, _no_authorities])
def test_files_that_cant_be_used_change_nothing_and_are_told_of(own_stage: OwnStage, authorities: Authorities, spoil: Any) -> None:
    stage = own_stage(with_tls(authorities.asking()))
    client = authorities.client()
    first = shown(stage.port, client)
    spoil(authorities)
    wait_for(lambda: not readiness(stage)["tls"]["tls"]["current"])
    assert shown(stage.port, client) == first
    assert ask(stage, client).status == 200
    assert readiness(stage)["ready"]
    assert 'sidecar_tls_certificate_current{listener="tls"} 0.0' in stage.admin("/metrics")[1]
    # Policy does not wait for it: a revocation must not be what a certificate keeps from loading.
    stage.change(lambda content: content["users"]["j.devries"].update(blocked=True))
    wait_for(lambda: ask(stage, client).status == 403)
    renewed = der(authorities.issue())
    authorities.clients.cert_pem.write_to_path(str(authorities.folder / "clients.pem"))
    wait_for(lambda: readiness(stage)["tls"]["tls"]["current"])
    assert shown(stage.port, client) == renewed
    assert 'sidecar_tls_certificate_current{listener="tls"} 1.0' in stage.admin("/metrics")[1]


def test_when_a_certificate_expires_is_told(own_stage: OwnStage, authorities: Authorities) -> None:
    stage, end = own_stage(with_tls(authorities.settings())), datetime(2030, 1, 1, tzinfo=UTC)
    authorities.issue(not_after=end)
    told = re.compile(r'^sidecar_tls_certificate_expiry_timestamp_seconds{listener="tls"} (.*)$', re.MULTILINE)
    wait_for(lambda: [float(value) for value in told.findall(stage.admin("/metrics")[1])] == [end.timestamp()])
    assert readiness(stage)["tls"]["tls"]["expires"] == "2030-01-01T00:00:00+00:00"


@LOOPS
def test_who_must_show_a_certificate_and_shows_none_or_a_wrong_one_is_not_let_in(
    own_stage: OwnStage, authorities: Authorities, uvloop: bool
) -> None:
    stage = own_stage(with_tls(authorities.asking("required")), uvloop=uvloop)
    known = authorities.clients.issue_cert("app.example")
    wrong = [
        None,
        authorities.others.issue_cert("app.example"),
        authorities.ours.issue_cert("app.example"),
        expired(authorities.clients),
        trustme.CA().issue_cert("app.example"),
    ]
    assert [is_refused(stage.port, authorities.client(each), ASK) for each in wrong] == [True] * len(wrong)
    assert stage.backend.take() == []
    assert ask(stage, authorities.client(known)).status == 200


def test_where_a_certificate_is_optional_none_will_do_and_a_wrong_one_will_not(own_stage: OwnStage, authorities: Authorities) -> None:
    stage = own_stage(with_tls(authorities.asking("optional")))
    assert ask(stage, authorities.client()).status == 200
    assert is_refused(stage.port, authorities.client(authorities.others.issue_cert("app.example")), ASK)


def test_authorities_that_are_taken_away_let_nobody_in_any_more(own_stage: OwnStage, authorities: Authorities) -> None:
    stage = own_stage(with_tls(authorities.asking("required")))
    client = authorities.client(authorities.clients.issue_cert("app.example"))
    assert ask(stage, client).status == 200
    authorities.others.cert_pem.write_to_path(str(authorities.folder / "clients.pem"))
    # With the tickets that it has, too: what was agreed on under the old authorities is not taken up again.
    wait_for(lambda: is_refused(stage.port, client, ASK))


@LOOPS
def test_who_is_connected_when_his_authority_is_taken_out_has_to_connect_anew(
    own_stage: OwnStage, authorities: Authorities, uvloop: bool
) -> None:
    """Otherwise a certificate that was taken back would count for as long as its owner asks something from time to time."""

    def change(content: dict[str, Any]) -> None:
        content["tls"] = authorities.asking()

    stage = own_stage(change, uvloop=uvloop)
    shown = authorities.client(authorities.clients.issue_cert("app.example"))
    other, none = authorities.client(authorities.others.issue_cert("app.example")), authorities.client()
    update = request("POST", f"{BASE}/connectors/PtRealization", authorization("j.devries"), "Content-Type: application/json", body=b"{}")
    file = authorities.folder / "clients.pem"
    with TlsWire(stage.port, shown) as idle, TlsWire(stage.port, shown) as sending, TlsWire(stage.port, none) as without:
        for wire in (idle, sending, without):
            for _ in range(4):
                assert wire.ask(ASK).status == 200
        # One more authority: nobody is bothered.
        file.write_bytes(authorities.clients.cert_pem.bytes() + authorities.others.cert_pem.bytes())
        wait_for(lambda: not is_refused(stage.port, other, ASK))
        assert idle.ask(ASK).status == 200
        sending.send(update[:-1])
        file.write_bytes(authorities.others.cert_pem.bytes())
        assert idle.rest() == b""
        with pytest.raises((BrokenOffError, OSError)):
            sending.rest()
        assert without.ask(ASK).status == 200
    assert not is_refused(stage.port, other, ASK)
    assert not [received for received in stage.backend.take() if received.method == "POST"]


def test_on_the_admin_port_too_nobody_stays_whose_authority_is_taken_out(own_stage: OwnStage, authorities: Authorities) -> None:
    def change(content: dict[str, Any]) -> None:
        content["admin"]["tls"] = authorities.asking("required")

    stage = own_stage(change)
    port = int(stage.admin_url.rpartition(":")[2])
    ready = request("GET", "/livez", None)
    with TlsWire(port, authorities.client(authorities.clients.issue_cert("scraper.example"))) as wire:
        assert wire.ask(ready).status == 200
        file = authorities.folder / "clients.pem"
        file.write_bytes(authorities.clients.cert_pem.bytes() + authorities.others.cert_pem.bytes())
        other = authorities.client(authorities.others.issue_cert("scraper.example"))
        wait_for(lambda: not is_refused(port, other, ready))
        assert wire.ask(ready).status == 200
        file.write_bytes(authorities.others.cert_pem.bytes())
        wait_for(lambda: wire.ask(ready).status == 403)
        assert wire.rest() == b""


def test_only_http_1_1_is_agreed_on(own_stage: OwnStage, authorities: Authorities) -> None:
    stage = own_stage(with_tls(authorities.settings()))
    assert alpn(stage.port, authorities.client(), ["h2", "http/1.1"]) == "http/1.1"
    assert alpn(stage.port, authorities.client(), ["h2"]) is None


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion.TLSv1_1")
@pytest.mark.parametrize(("minimum", "spoken"), [("1.2", {"TLSv1.2", "TLSv1.3"}), ("1.3", {"TLSv1.3"})])
def test_old_versions_are_not_spoken(own_stage: OwnStage, authorities: Authorities, minimum: str, spoken: set[str]) -> None:
    stage = own_stage(with_tls(authorities.settings(minimum=minimum)))
    heard = set()
    for version in (ssl.TLSVersion.TLSv1_1, ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        client = authorities.client()
        client.set_ciphers("DEFAULT:@SECLEVEL=0")
        client.minimum_version = ssl.TLSVersion.TLSv1_1 if version is ssl.TLSVersion.TLSv1_1 else ssl.TLSVersion.TLSv1_2
        client.maximum_version = version
        with suppress(OSError), TlsWire(stage.port, client) as wire:
            heard.add(wire.tls.version())
    assert heard == spoken


@LOOPS
def test_who_speaks_no_tls_or_nothing_is_not_waited_for(own_stage: OwnStage, authorities: Authorities, uvloop: bool) -> None:
    stage = own_stage(with_tls(authorities.settings(), timeouts={"keep_alive": 0.3, "drain": 1}), uvloop=uvloop)
    for data in (ASK, b"", b"\x16\x03\x01", b"\x80" * 5000):
        with Wire(stage.port) as wire:
            wire.send(data)
            assert b"HTTP" not in wire.ends()
    assert stage.backend.take() == []
    assert ask(stage, authorities.client()).status == 200


@LOOPS
def test_handshakes_that_fail_leave_nothing_behind(own_stage: OwnStage, authorities: Authorities, uvloop: bool) -> None:
    """Otherwise a stranger fills the memory, a connection at a time."""

    def left() -> int:
        gc.collect()
        return sum(isinstance(each, ClientConnection) for each in gc.get_objects())

    stage = own_stage(with_tls(authorities.asking("required")), uvloop=uvloop)
    before = left()
    for number in range(20):
        with Wire(stage.port) as wire:
            if number % 2:
                wire.send(ASK)
                wire.ends()
        assert is_refused(stage.port, authorities.client(), ASK)
    wait_for(lambda: left() <= before)


@LOOPS
def test_a_large_answer_reaches_a_slow_client_whole_though_the_connection_ends_with_it(
    own_stage: OwnStage, authorities: Authorities, uvloop: bool
) -> None:
    stage = own_stage(with_tls(authorities.settings()), uvloop=uvloop)
    size = 3_000_000
    stage.backend.script = floods(size)
    with TlsWire(stage.port, authorities.client(), receive_buffer=4096) as wire:
        wire.send(request("GET", rows_target(), authorization("j.devries"), "Connection: close"))
        wire.head()
        taken = 0
        while taken < size:
            taken += len(wire.take(min(size - taken, 50_000)))
        assert wire.rest() == b""


@LOOPS
def test_a_refusal_arrives_though_the_client_still_sends(own_stage: OwnStage, authorities: Authorities, uvloop: bool) -> None:
    stage = own_stage(with_tls(authorities.settings(), limits={"body": 1000}), uvloop=uvloop)
    body = b"x" * 2_000_000
    with TlsWire(stage.port, authorities.client()) as wire:
        with suppress(OSError):
            wire.send(
                request("POST", f"{BASE}/connectors/PtRealization", authorization("j.devries"), "Content-Type: application/json", body=body)
            )
        assert wire.answer().status == 413


def test_what_is_broken_off_over_tls_can_be_told_from_an_end(own_stage: OwnStage, authorities: Authorities) -> None:
    async def ends_early(visit: Visit, _received: Received) -> None:
        await visit.say(OK + b"Content-Length: 100\r\n\r\n{")
        visit.writer.close()

    stage = own_stage(with_tls(authorities.settings()))
    stage.backend.script = ends_early
    with TlsWire(stage.port, authorities.client()) as wire:
        wire.send(request("GET", rows_target(), authorization("j.devries"), version="1.0"))
        wire.head()
        with pytest.raises(BrokenOffError):
            wire.rest()


def test_a_wsdl_names_the_scheme_that_the_client_speaks(own_stage: OwnStage, authorities: Authorities) -> None:
    wsdl = request("GET", f"{SOAP_BASE}/appconnectorget.asmx?WSDL", None)
    assert b'location="https://app.example/' in ask(own_stage(with_tls(authorities.settings())), authorities.client(), wsdl).body
    assert b'location="http://app.example/' in own_stage().send(wsdl).body


def test_the_admin_port_has_tls_of_its_own_which_is_exchanged_as_well(own_stage: OwnStage, authorities: Authorities) -> None:
    def change(content: dict[str, Any]) -> None:
        content["admin"]["tls"] = authorities.settings()

    stage, client = own_stage(change), authorities.client()
    assert stage.get(rows_target()).status == 200
    assert stage.admin_url.startswith("https://127.0.0.1:")
    port = int(stage.admin_url.rpartition(":")[2])
    assert ask_admin(port, client, "/livez").body == b"ok\n"
    renewed = der(authorities.issue())
    wait_for(lambda: shown(port, client) == renewed)
    assert b'listener="admin.tls"' in ask_admin(port, client, "/metrics").body


def ask_admin(port: int, client: ssl.SSLContext, path: str) -> Answer:
    with TlsWire(port, client) as wire:
        return wire.ask(request("GET", path, None))


# The command.


def started(stage: Stage, folder: Path, authorities: Authorities, **more: Any) -> Path:
    """A configuration for the command, with the stage's backend."""
    file = folder / "run.yaml"
    write(file, {**configuration(stage.backend.port), "tls": authorities.settings(), **more})
    return file


posix = pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="signals are sent")


@posix
def test_an_answer_over_tls_is_finished_before_the_command_ends(own_stage: OwnStage, tmp_path: Path, authorities: Authorities) -> None:
    stage, client = own_stage(), authorities.client()
    stage.backend.script = drips(20, 0.05)
    with program(tmp_path, started(stage, tmp_path, authorities)) as running, TlsWire(running.port, client) as idle:
        with TlsWire(running.port, client) as wire:
            wire.send(ASK)
            wire.head()
            running.signal(signal.SIGTERM)
            wait_for(lambda: refuses_connections(running))
            assert idle.rest() == b""
            assert wire.take(20) == b"x" * 20
            assert wire.rest() == b""
        assert running.ends() == 0


@posix
def test_a_client_that_never_says_goodbye_does_not_keep_the_command_from_ending(
    own_stage: OwnStage, tmp_path: Path, authorities: Authorities
) -> None:
    stage = own_stage()
    file = started(stage, tmp_path, authorities, timeouts={"drain": 0.5})
    with program(tmp_path, file) as running, TlsWire(running.port, authorities.client()) as wire, Wire(running.port):
        assert wire.ask(ASK).status == 200
        running.signal(signal.SIGTERM)
        assert running.ends() == 0


def refuses_connections(running: Program) -> bool:
    try:
        socket.create_connection(("127.0.0.1", running.port), 1).close()
    except OSError:
        return True
    return False


@posix
@pytest.mark.skipif(not hasattr(socket, "SO_REUSEPORT"), reason="an address can't be shared here")
def test_every_worker_shows_the_new_certificate(own_stage: OwnStage, tmp_path: Path, authorities: Authorities) -> None:
    stage, client = own_stage(), authorities.client()
    admin = {"listen": "127.0.0.1:0", "tls": authorities.settings()}
    file = started(stage, tmp_path, authorities, admin=admin)
    with program(tmp_path, file, ("--workers", "2", "--log-format", "json")) as running:
        port = int(running.admin_url.rpartition(":")[2])
        assert all(ask_over(running, client).status == 200 for _ in range(10))
        renewed = der(authorities.issue())
        wait_for(lambda: {shown(running.port, client) for _ in range(12)} == {renewed} and shown(port, client) == renewed)
        assert json.loads(ask_admin(port, client, "/readyz").body)["tls"].keys() == {"tls", "admin.tls"}
        write_pair(authorities.folder, authorities.ours.issue_cert("localhost"))
        _other_key(authorities)
        wait_for(lambda: not any(each["current"] for each in json.loads(ask_admin(port, client, "/readyz").body)["tls"].values()))
        text = ask_admin(port, client, "/metrics").body.decode()
        assert 'sidecar_tls_certificate_current{listener="tls"} 0.0' in text
        assert 'sidecar_tls_certificate_current{listener="admin.tls"} 0.0' in text
        assert {shown(running.port, client) for _ in range(6)} == {renewed}
        running.wait_for("tls not changed")


def ask_over(running: Program, client: ssl.SSLContext) -> Answer:
    with TlsWire(running.port, client) as wire:
        return wire.ask(ASK)


@posix
def test_without_a_certificate_the_command_does_not_start(own_stage: OwnStage, tmp_path: Path, authorities: Authorities) -> None:
    file = started(own_stage(), tmp_path, authorities)
    _other_key(authorities)
    for arguments in ((), ("--workers", "2")):
        with pytest.raises(AssertionError, match="does not belong to the certificate"), program(tmp_path, file, arguments):
            pass

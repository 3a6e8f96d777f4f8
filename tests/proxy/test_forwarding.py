"""How an answer goes to the client: when its head goes out, what is said when there is none, and whose bytes are whose."""

import asyncio

from sidecar.proxy.upstream import Connection
from tests.proxy.rig import ANSWER, BASE, NotingTransport, Rig, get
from tests.proxy.upstream.scripted_backend import until

ROWS = f"{BASE}Profit_Hours"
HEAD, BODY = ANSWER[:-31], ANSWER[-31:]


def asked() -> tuple[Rig, Connection, NotingTransport]:
    """A gateway that was asked for rows, its connection to the backend, and the client's transport."""
    rig = Rig()
    client, transport = rig.client()
    rig.ready()
    client.data_received(get(ROWS))
    assert rig.backend is not None
    return rig, rig.backend[0], transport


async def test_a_head_waits_a_moment_for_its_body_and_goes_out_with_it() -> None:
    rig, connection, transport = asked()
    rig.end_turn()
    connection.data_received(HEAD)
    rig.end_turn()
    assert transport.writes == []
    connection.data_received(BODY)
    rig.end_turn()
    assert len(transport.writes) == 1
    assert transport.written.endswith(b"\r\n\r\n" + BODY)


async def test_a_head_whose_body_takes_longer_goes_out_before_it() -> None:
    rig, connection, transport = asked()
    rig.end_turn()
    connection.data_received(HEAD)
    await until(lambda: bool(transport.written))
    assert transport.written.startswith(b"HTTP/1.1 200 OK\r\n")
    assert transport.written.endswith(b"\r\n\r\n")
    connection.data_received(BODY)
    rig.end_turn()
    assert transport.written.endswith(b"\r\n\r\n" + BODY)


async def test_an_answer_that_breaks_off_before_its_body_is_a_refusal() -> None:
    rig, connection, transport = asked()
    rig.end_turn()
    connection.data_received(HEAD)
    connection.connection_lost(None)
    rig.end_turn()
    await asyncio.sleep(0.01)
    assert transport.written.startswith(b"HTTP/1.1 502 ")
    assert transport.written.count(b"HTTP/1.1 ") == 1
    assert transport.ended == ""


async def test_bytes_that_come_before_the_question_was_sent_are_nobodys_answer() -> None:
    rig, connection, transport = asked()
    assert rig.backend is not None
    _, backend = rig.backend
    connection.data_received(ANSWER)
    rig.end_turn()
    assert backend.ended == "aborted"
    assert backend.written == b""
    await until(lambda: bool(transport.written))
    assert transport.written.startswith(b"HTTP/1.1 502 "), "the port of the other attempt is closed"
    assert BODY not in transport.written


async def test_many_small_requests_in_one_packet_are_answered_in_order_and_not_gathered_without_bound() -> None:
    rig = Rig()
    client, transport = rig.client()
    client.data_received(b"".join(get(f"{BASE}Secret{number}") for number in range(300)))
    rig.end_turn()
    assert transport.written.count(b"HTTP/1.1 403 ") == 300
    assert max(map(len, transport.writes)) < 20_000

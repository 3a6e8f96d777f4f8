"""A client's connection over TLS: how it ends, and that what is remembered of it is its own."""

import asyncio

import pytest

from tests.identity.test_client_certificate import made
from tests.proxy.rig import BASE, Rig, SecureTransport, get

REFUSED = b"POST /ProfitRestServices/connectors/X HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\nUpgrade: x\r\n\r\n"
ASK = get(f"{BASE}Profit_Hours")
LAST = get(f"{BASE}Profit_Hours", "Connection: close")


async def test_what_a_client_still_sends_is_read_for_a_while_so_that_the_answer_is_not_lost() -> None:
    """Bytes that come after the good-bye would have TLS break the connection off."""
    rig = Rig()
    connection, transport = rig.client(SecureTransport())
    connection.data_received(REFUSED)
    rig.end_turn()
    assert b"HTTP/1.1 400 " in transport.written
    assert transport.ended == ""
    connection.data_received(b"more")
    connection.expire()
    assert transport.ended == "aborted"


async def test_a_client_has_time_to_take_the_last_answer() -> None:
    """How much of it waits below TLS can't be seen, so it is not taken to have arrived when it was handed over."""
    rig = Rig()
    connection, transport = rig.client(SecureTransport())
    rig.ready()
    connection.data_received(LAST)
    assert rig.answer()
    assert transport.ended == "closed"
    assert connection.unsent
    assert connection.deadline - asyncio.get_running_loop().time() > 30


async def test_a_client_that_says_no_good_bye_is_broken_off() -> None:
    rig = Rig()
    connection, transport = rig.client(SecureTransport())
    connection.wind_up()
    assert transport.ended == "closed"
    assert not connection.unsent
    connection.expire()
    assert transport.ended == "aborted"


async def test_a_client_whose_socket_is_gone_already_is_given_up_as_any_other() -> None:
    connection, transport = Rig().client(SecureTransport(socket=None))
    connection.hang_up()
    assert transport.ended == "aborted"


async def test_who_is_shaking_hands_while_the_others_are_sent_away_is_sent_away_as_well() -> None:
    rig = Rig()
    rig._server.wind_up()
    connection, transport = rig.client(SecureTransport())
    assert transport.ended == "closed"
    connection.expire()
    assert transport.ended == "aborted"


async def test_who_is_shaking_hands_while_his_authority_is_taken_out_is_not_let_in() -> None:
    rig = Rig()
    rig._server.vouches_for = lambda _: False
    connection, transport = rig.client(SecureTransport(made((), "one")))
    connection.data_received(ASK)
    assert transport.ended == "closed"
    assert rig.asked == []
    _, without = rig.client(SecureTransport())
    assert without.ended == ""


@pytest.mark.parametrize("certificate", [b"", b"not a certificate"])
async def test_without_a_certificate_that_can_be_read_there_is_none(certificate: bytes) -> None:
    connection, _ = Rig().client(SecureTransport(certificate))
    assert (connection.certificate, connection.origin, connection.secure) == (None, "192.0.2.1", True)


async def test_each_certificate_makes_another_origin() -> None:
    rig = Rig()
    transports = [None, SecureTransport(made((), "one")), SecureTransport(made((), "two"))]
    origins = [rig.client(transport)[0].origin for transport in transports]
    assert len(set(origins)) == 3
    for transport in (*transports[1:], None):
        # Known from before or not, the request is looked up under its own origin: the log tells whose certificate it was.
        connection, _ = rig.client(transport)
        for _ in range(4):
            rig.ready()
            connection.data_received(ASK)
            assert rig.answer()
    rig.gateway._endings._decision_log.flush()
    assert ['"certificate"' in line for line in "".join(rig.lines).splitlines()] == [True] * 8 + [False] * 4

"""The address of the workers: theirs alone, also against another supervisor, and free again when the supervisor is gone."""

import socket

import pytest

pytest.importorskip("fcntl")

from sidecar.workers.address import SHARING, reserved

pytestmark = pytest.mark.skipif(not SHARING, reason="an address can't be shared here")

HOST = "127.0.0.1"


def listening(port: int = 0, *options: int) -> socket.socket:
    """As servers do: with SO_REUSEADDR, and further options."""
    listener = socket.socket()
    for option in (socket.SO_REUSEADDR, *options):
        listener.setsockopt(socket.SOL_SOCKET, option, 1)
    try:
        listener.bind((HOST, port))
        listener.listen()
    except OSError:
        listener.close()
        raise
    return listener


def test_several_can_listen_on_a_reserved_address_and_get_its_connections() -> None:
    with reserved(HOST, 0) as port, listening(port, socket.SO_REUSEPORT) as first, listening(port, socket.SO_REUSEPORT) as second:
        for _ in range(20):
            socket.create_connection((HOST, port), 1).close()
        accepted = 0
        for listener in (first, second):
            listener.setblocking(False)
            while True:
                try:
                    listener.accept()[0].close()
                except BlockingIOError:
                    break
                accepted += 1
    assert accepted == 20


def test_nobody_else_gets_it() -> None:
    """Whether workers listen already or not, and whether the other wants it alone or shared."""
    with reserved(HOST, 0) as port:
        for _ in range(2):
            with pytest.raises(OSError, match=r"127\.0\.0\.1.*address already in use"), reserved(HOST, port):
                pass
            with pytest.raises(OSError, match="in use"):
                listening(port)
        with listening(port, socket.SO_REUSEPORT), pytest.raises(OSError, match="in use"), reserved(HOST, port):
            pass


@pytest.mark.parametrize("options", [(), (socket.SO_REUSEPORT,)])
def test_it_is_not_to_be_had_while_somebody_listens(options: tuple[int, ...]) -> None:
    with listening(0, *options) as listener, pytest.raises(OSError, match="in use"), reserved(HOST, listener.getsockname()[1]):
        pass


@pytest.mark.parametrize("options", [(), (socket.SO_REUSEPORT,)])
def test_connections_that_were_closed_a_moment_ago_are_not_in_the_way(options: tuple[int, ...]) -> None:
    with listening(0, *options) as listener:
        port = listener.getsockname()[1]
        with socket.create_connection((HOST, port)) as client:
            listener.accept()[0].close()  # who closes first keeps the address in TIME_WAIT
            assert client.recv(1) == b""
    with reserved(HOST, port) as again:
        assert again == port


def test_it_is_free_afterwards() -> None:
    with reserved(HOST, 0) as port:
        pass
    listening(port).close()


def test_every_address_of_a_name_gets_the_same_port() -> None:
    with reserved("localhost", 0) as port:
        for family, _, _, _, address in socket.getaddrinfo("localhost", port, type=socket.SOCK_STREAM):
            with socket.socket(family) as other, pytest.raises(OSError, match="in use"):
                other.bind(address)


def test_an_address_of_another_machine_is_told() -> None:
    with pytest.raises(OSError, match=r"192\.0\.2\.1.*assign"), reserved("192.0.2.1", 0):
        pass

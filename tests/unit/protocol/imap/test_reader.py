"""RFC 9051 4.3 and RFC 7888: how commands are framed."""

import pytest

from skrytka.model.errors import RemoteProtocolError
from skrytka.protocol.imap.reader import (
    AppendLiteral,
    CommandReader,
    ReaderLimits,
    RefusedCommand,
    WantsLiteral,
    WholeCommand,
)

LIMITS = ReaderLimits(line_bytes=100, literal_bytes=5000, append_bytes=20_000)


def reader(data: bytes = b"") -> CommandReader:
    found = CommandReader(LIMITS)
    found.feed(data)
    return found


def test_a_line_is_a_command() -> None:
    found = reader(b"a NOOP\r\nb NO")
    assert found.next_command() == WholeCommand(b"a NOOP")
    assert found.next_command() is None
    found.feed(b"OP\r")
    assert found.next_command() is None
    found.feed(b"\n")
    assert found.next_command() == WholeCommand(b"b NOOP")


def test_a_bare_line_feed_ends_nothing() -> None:
    assert reader(b"a NOOP\nb NOOP\n").next_command() is None


def test_a_synchronising_literal_waits_to_be_accepted() -> None:
    found = reader(b"a LOGIN {5}\r\nalice {1}\r\nx\r\n")
    assert found.next_command() == WantsLiteral(5, b"a LOGIN {5}")
    found.accept()
    assert found.next_command() == WantsLiteral(1, b"a LOGIN {5}")
    found.accept()
    assert found.next_command() == WholeCommand(b"a LOGIN {5}\r\nalice {1}\r\nx")


def test_a_refused_literal_does_not_come() -> None:
    found = reader(b"a LOGIN {5}\r\nb NOOP\r\n")
    found.next_command()
    found.refuse()
    assert found.next_command() == WholeCommand(b"b NOOP")


def test_a_literal_without_waiting_is_read_with_the_command() -> None:
    data = b"a LOGIN {11+}\r\nFRED FOOBAR {7+}\r\nfat man\r\n"
    assert reader(data).next_command() == WholeCommand(data[:-2])


def test_a_literal_may_look_like_commands_and_literals() -> None:
    inside = b"x {9}\r\nb LOGOUT\r\n"
    data = b"a X {%d+}\r\n%b\r\n" % (len(inside), inside)
    assert reader(data).next_command() == WholeCommand(data[:-2])


def test_the_end_of_a_line_announces_a_literal_even_inside_quotes() -> None:
    assert reader(b'a X "{3+}\r\nabc\r\n').next_command() == WholeCommand(b'a X "{3+}\r\nabc')


def test_literal_minus_ends_at_4096_and_what_follows_is_found_again() -> None:
    found = reader(b"a X {4096+}\r\n" + b"x" * 4096 + b"\r\nb X {4097+}\r\n" + b"y" * 4097 + b" z\r\nc NOOP\r\n")
    assert isinstance(found.next_command(), WholeCommand)
    assert found.next_command() == RefusedCommand(b"b X {4097+}")
    assert found.next_command() == WholeCommand(b"c NOOP")


def test_a_large_synchronising_literal_is_refused_before_it_comes() -> None:
    found = reader(b"a X {5001}\r\nb NOOP\r\n")
    assert found.next_command() == RefusedCommand(b"a X {5001}")
    assert found.next_command() == WholeCommand(b"b NOOP")


def test_all_literals_of_a_command_count_together() -> None:
    found = reader(b"a X {3000+}\r\n" + b"x" * 3000 + b" {3000}\r\n")
    assert found.next_command() == RefusedCommand(b"a X {3000+}")


def test_a_refused_command_takes_no_further_literal() -> None:
    found = reader(b"a X {4097+}\r\n" + b"y" * 4097 + b" {1}\r\nb NOOP\r\n")
    assert found.next_command() == RefusedCommand(b"a X {4097+}")
    assert found.next_command() == WholeCommand(b"b NOOP")


def test_append_may_announce_more() -> None:
    line = b"a append x {20000}"
    assert reader(line + b"\r\n").next_command() == AppendLiteral(20_000, is_sync=True, data=line + b"\r\n")
    assert isinstance(reader(b"a append x {20001}\r\n").next_command(), RefusedCommand)


@pytest.mark.parametrize(
    "data",
    [
        b"x" * 102,
        b"x" * 101 + b"\r\n",
        b"a X {20001+}\r\n",
        (b"a " + b"x" * 40 + b"{1+}\r\n") * 3,
    ],
)
def test_lost_framing_ends_the_connection(data: bytes) -> None:
    with pytest.raises(RemoteProtocolError):
        reader(data).next_command()


def test_clear_forgets_what_came_before_tls() -> None:
    found = reader(b"a X {3+}\r\nab")
    found.next_command()
    found.clear()
    found.feed(b"b NOOP\r\n")
    assert found.next_command() == WholeCommand(b"b NOOP")


def test_a_plain_line_has_no_literals() -> None:
    found = reader(b"{3}\r\nDONE\r\n")
    assert found.line() == b"{3}"
    assert found.line() == b"DONE"
    assert found.line() is None


def test_a_message_leaves_in_pieces_and_its_command_ends_behind_it() -> None:
    found = reader(b"a APPEND x {6+}\r\nab")
    assert found.next_command() == AppendLiteral(6, is_sync=False, data=b"a APPEND x {6+}\r\n")
    found.stream()
    assert found.chunk() == b"ab"
    assert found.chunk() is None
    found.feed(b"cd\r\n\r\nb NOOP\r\n")
    assert (found.chunk(), found.chunk()) == (b"cd\r\n", b"")
    assert found.tail(b"") is True
    assert found.next_command() == WholeCommand(b"b NOOP")


@pytest.mark.parametrize("rest", [b" x\r\n", b" {3+}\r\nabc\r\n", b" {3}\r\n", b")\r\n"])
def test_what_stands_behind_a_message_is_passed_over(rest: bytes) -> None:
    found = reader(b"a APPEND x {1+}\r\ny" + rest + b"b NOOP\r\n")
    found.next_command()
    found.stream()
    assert found.chunk() == b"y"
    assert found.tail(b"") is False
    assert isinstance(found.next_command(), RefusedCommand)
    assert found.next_command() == WholeCommand(b"b NOOP")


def test_a_refused_message_that_does_not_wait_is_thrown_away() -> None:
    found = reader(b"a APPEND x {5+}\r\nabcde\r\nb NOOP\r\n")
    found.next_command()
    found.refuse()
    assert isinstance(found.next_command(), RefusedCommand)
    assert found.next_command() == WholeCommand(b"b NOOP")

"""AUTH on the server's side, by the exchange alone and by the engine (RFC 4954)."""

import base64

import pytest

from skrytka.model.secret import Secret
from skrytka.protocol.smtp.authentication import MECHANISMS, parse_auth, parse_response
from skrytka.protocol.smtp.client_events import SayAuth, SayMail, SayResponse, SayStartTls
from skrytka.protocol.smtp.extensions import Extensions
from skrytka.protocol.smtp.parameters import CommandError
from skrytka.protocol.smtp.states import State
from tests.support.smtp import Driver
from tests.support.smtp_client import SENDER, Pair

OFFERED = Extensions(is_starttls=True, mechanisms=MECHANISMS, is_auth_required=True)
EHLO = b"EHLO client.example.org\r\n"
PLAIN = base64.b64encode(b"\0alice\0secret").decode()


def session(extensions: Extensions = OFFERED) -> Driver:
    """EHLO under TLS."""
    driver = Driver(extensions=extensions)
    driver.feed(EHLO, b"STARTTLS\r\n")
    driver.feed(EHLO)
    driver.out.clear()
    return driver


def claimed(driver: Driver) -> list[tuple[str, str, bytes]]:
    return driver.logins.claims


def b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    ("lines", "codes"),
    [
        ([f"AUTH PLAIN {PLAIN}"], [235]),
        (["auth plain", PLAIN], [334, 235]),
        (["AUTH LOGIN", b64("alice"), b64("secret")], [334, 334, 235]),
        ([f"AUTH LOGIN {b64('alice')}", b64("secret")], [334, 235]),
    ],
)
def test_a_right_password_gets_in(lines: list[str], codes: list[int]) -> None:
    driver = session().feed(*(line.encode() + b"\r\n" for line in lines))
    assert driver.codes == codes
    assert claimed(driver) == [(lines[0][5:10].strip().upper(), "alice", b"secret")]
    assert driver.feed(b"MAIL FROM:<a@example.org>\r\n").codes[-1] == 250


@pytest.mark.parametrize(
    ("lines", "codes"),
    [
        (["AUTH"], [501]),
        (["AUTH CRAM-MD5"], [504]),
        (["AUTH PLAIN !!"], [501]),
        (["AUTH PLAIN ="], [501]),
        (["AUTH PLAIN", "*"], [334, 501]),
        (["AUTH PLAIN", ""], [334, 501]),
        (["AUTH PLAIN", "NOOP"], [334, 501]),
        (["AUTH PLAIN", b64("\0alice\0wrong")], [334, 535]),
        (["AUTH LOGIN", b64("alice"), "*"], [334, 334, 501]),
        (["AUTH LOGIN", b64("alice"), ""], [334, 334, 501]),
        (["AUTH LOGIN", "/w==", ""], [334, 501, 500]),
        (["AUTH LOGIN ="], [501]),
    ],
)
def test_a_wrong_exchange_ends_and_commands_go_on(lines: list[str], codes: list[int]) -> None:
    driver = session().feed(*(line.encode() + b"\r\n" for line in lines))
    assert driver.codes == codes
    assert driver.engine.state is State.READY
    assert driver.feed(b"MAIL FROM:<a@example.org>\r\nNOOP\r\n").codes[-2:] == [530, 250]


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b"A" * 12_288, "500 5.5.6"),  # RFC 4954 4
        (b"AGFsaWNlAHNlY3JldA==\nNOOP", "500 5.5.2"),
        (b"AAA=BBB=", "501 5.5.2"),
        (b"=AAA", "501 5.5.2"),
        (b" AGFsaWNlAHNlY3JldA==", "501 5.5.2"),
    ],
)
def test_a_line_that_cannot_be_taken_ends_the_exchange(line: bytes, code: str) -> None:
    driver = session().feed(b"AUTH PLAIN\r\n", line + b"\r\n")
    assert driver.last.startswith(code)
    assert driver.engine.state is State.READY
    assert driver.feed(b"NOOP\r\n").codes[-1] == 250


def test_only_an_exchange_has_such_long_lines() -> None:
    longest = b"\0alice\0" + b"x" * 1024
    assert session().feed(b"AUTH PLAIN " + base64.b64encode(longest) + b"\r\n").codes == [535]
    assert session().feed(b"NOOP " + b"x" * 4089 + b"\r\n", b"NOOP " + b"x" * 4090 + b"\r\n").codes == [250, 500]


def test_auth_is_once_a_session_and_not_within_a_transaction() -> None:
    driver = session().feed(f"AUTH PLAIN {PLAIN}\r\nAUTH PLAIN {PLAIN}\r\n".encode())
    assert driver.codes == [235, 503]
    other = session(Extensions(is_starttls=True, mechanisms=MECHANISMS))
    assert other.feed(b"MAIL FROM:<a@example.org>\r\nAUTH PLAIN\r\n").codes == [250, 503]


def test_in_clear_nothing_is_offered_and_nothing_is_taken() -> None:
    driver = Driver(extensions=OFFERED).feed(EHLO)
    assert b"AUTH" not in driver.out[0]
    driver.feed(f"AUTH PLAIN {PLAIN}\r\nMAIL FROM:<a@example.org>\r\n".encode())
    assert driver.codes[1:] == [538, 530]
    assert "STARTTLS" not in driver.last
    assert claimed(driver) == []


def test_before_ehlo_there_is_no_auth() -> None:
    assert Driver(extensions=OFFERED).feed(b"AUTH PLAIN\r\n").codes == [503]


def test_our_client_logs_in_by_each_mechanism() -> None:
    for mechanism, answers in (("PLAIN", 0), ("LOGIN", 2)):
        pair = Pair(extensions=OFFERED)
        pair.hello().say(SayStartTls())
        pair.handshake()
        pair.hello()
        found = pair.codes(SayAuth(mechanism, "alice", Secret(b"secret")))
        for _ in range(answers):
            found += pair.codes(SayResponse())
        assert found[-1] == 235
        assert pair.codes(SayMail(reverse_path=SENDER)) == [250]


def test_a_mechanism_may_be_any_and_has_its_initial_response() -> None:
    begun = parse_auth("scram-sha-256 YQ==")
    assert begun.mechanism == "SCRAM-SHA-256"
    assert begun.initial is not None
    assert begun.initial.reveal() == b"a"
    assert parse_auth("EXTERNAL").initial is None
    empty = parse_auth("EXTERNAL =").initial
    assert empty is not None
    assert len(empty) == 0
    for argument in ("", "NO.MECHANISM", "A" * 21, "PLAIN !"):
        with pytest.raises(CommandError):
            parse_auth(argument)


def test_a_response_is_base64_or_gives_up() -> None:
    assert parse_response(b"*").message is None
    empty = parse_response(b"").message
    assert empty is not None
    assert len(empty) == 0
    with pytest.raises(CommandError):
        parse_response(b"**")

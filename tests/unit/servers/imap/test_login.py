"""RFC 9051 6.1, 6.2, 6.3.1; RFC 2971; RFC 4616; RFC 4959; RFC 5530."""

import base64

import pytest

from tests.support.imap import LOGIN, World


def plain(message: str) -> bytes:
    return base64.b64encode(message.encode())


GOOD = plain("\0alice@example.test\0secret")


async def test_login_ends_with_the_new_capabilities() -> None:
    conn = await World().play(LOGIN + b"2 CAPABILITY\r\n")
    assert conn.said[1].startswith(b"l OK [CAPABILITY IMAP4rev1 IMAP4rev2 ")
    assert b"AUTH=" not in conn.said[1]
    assert b" IDLE " in conn.said[1]


@pytest.mark.parametrize(
    "steps",
    [
        [b"1 AUTHENTICATE PLAIN " + GOOD + b"\r\n"],
        [b"1 AUTHENTICATE plain\r\n", GOOD + b"\r\n"],
        [b"1 AUTHENTICATE PLAIN " + plain("alice@example.test\0alice@example.test\0secret") + b"\r\n"],
        [b"1 AUTHENTICATE PLAIN " + plain("Alice@EXAMPLE.test\0alice@example.test\0secret") + b"\r\n"],
    ],
)
async def test_plain_proves_who_it_is(steps: list[bytes]) -> None:
    world = World()
    conn = await world.play(*steps, b"2 SELECT INBOX\r\n")
    assert b"1 OK [CAPABILITY " in conn.text.encode()
    assert b"2 OK " in conn.said[-2]
    assert world.identity.tried == [("alice@example.test", "PLAIN")]


async def test_without_an_initial_response_it_is_asked_for() -> None:
    conn = await World().play(b"1 AUTHENTICATE PLAIN\r\n")
    assert conn.said[1] == b"+ \r\n"


@pytest.mark.parametrize(
    ("line", "answer"),
    [
        (b"LOGIN alice@example.test wrong", b"1 NO [AUTHENTICATIONFAILED] authentication failed\r\n"),
        (b"LOGIN nobody@example.test secret", b"1 NO [AUTHENTICATIONFAILED] authentication failed\r\n"),
        (b"LOGIN slow@example.test x", b"1 NO [LIMIT] too many failed logins, try again later\r\n"),
        (b"LOGIN down@example.test x", b"1 NO [UNAVAILABLE] temporary trouble here, try again later\r\n"),
        (
            b"AUTHENTICATE PLAIN " + plain("bob@example.test\0alice@example.test\0secret"),
            b"1 NO [AUTHORIZATIONFAILED] acting for others is not offered\r\n",
        ),
        (b"AUTHENTICATE PLAIN " + plain("rubbish"), b"1 BAD PLAIN needs two NUL octets\r\n"),
        (b"AUTHENTICATE PLAIN =", b"1 BAD PLAIN needs two NUL octets\r\n"),
        (b"AUTHENTICATE CRAM-MD5", b"1 NO [CANNOT] that mechanism is not offered\r\n"),
        (b"AUTHENTICATE PLAIN\r\n*", b"+ \r\n1 BAD cancelled\r\n"),
        (b"AUTHENTICATE PLAIN\r\n!", b"+ \r\n1 BAD not base64\r\n"),
    ],
)
async def test_what_fails_says_no_more_than_it_must(line: bytes, answer: bytes) -> None:
    conn = await World().play(b"1 " + line + b"\r\n")
    assert conn.said[1] == answer


async def test_no_password_is_taken_in_clear_text() -> None:
    world = World()
    conn = await world.play(LOGIN, b"1 AUTHENTICATE PLAIN " + GOOD + b"\r\n2 AUTHENTICATE PLAIN\r\n", is_tls=False)
    assert conn.text.count("NO [PRIVACYREQUIRED]") == 3
    assert world.identity.tried == []


async def test_the_third_failure_ends_the_connection() -> None:
    conn = await World().play(b"1 LOGIN a@example.test b\r\n" * 5)
    assert conn.text.count("AUTHENTICATIONFAILED") == 3
    assert conn.said[-1].endswith(b"* BYE too many failed logins\r\n")
    assert conn.cause == "refused"


async def test_trouble_of_ours_does_not_count_against_the_client() -> None:
    conn = await World().play(b"1 LOGIN down@example.test b\r\n" * 5 + LOGIN)
    assert b"l OK " in conn.said[1]


async def test_id_tells_strangers_no_version() -> None:
    conn = await World().play(b'1 ID ("name" "x")\r\n', LOGIN, b"2 ID NIL\r\n")
    assert conn.said[1] == b'* ID ("name" "Skrytka")\r\n1 OK done\r\n'
    assert conn.said[3] == b'* ID ("name" "Skrytka" "version" "9.9")\r\n2 OK done\r\n'


async def test_enable_tells_what_it_switched_on() -> None:
    conn = await World().play(LOGIN, b"1 ENABLE X QRESYNC\r\n2 ENABLE IMAP4rev2\r\n3 ENABLE imap4REV2\r\n")
    assert conn.said[2] == (b"* ENABLED\r\n1 OK done\r\n* ENABLED IMAP4rev2\r\n2 OK done\r\n* ENABLED\r\n3 OK done\r\n")


async def test_capabilities_stay_the_same_after_enable() -> None:
    conn = await World().play(LOGIN, b"1 CAPABILITY\r\n", b"2 ENABLE IMAP4rev2\r\n", b"1 CAPABILITY\r\n")
    assert conn.said[2] == conn.said[4]


async def test_a_program_is_what_it_said_before_its_login_or_says_behind_it() -> None:
    said = b'i ID ("name" "Thunderbird" "version" "140")\r\n'
    world = World()
    await world.play(said + LOGIN)
    assert (world.identity.said, world.identity.programs) == (["name=thunderbird"], ())
    world = World()
    await world.play(LOGIN + said + said)
    assert (world.identity.said, world.identity.programs) == ([""], ("name=thunderbird",))
    world = World()
    await world.play(b"i ID NIL\r\n" + LOGIN)
    assert world.identity.said == [""]

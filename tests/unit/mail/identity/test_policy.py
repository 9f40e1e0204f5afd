import asyncio
import hashlib
import io
import unicodedata
from collections.abc import Iterator
from pathlib import Path

import pytest

from skrytka.mail.identity.breach_import import import_breaches
from skrytka.mail.identity.policy import PasswordPolicy, PasswordRefusedError, Problem, estimated, strength
from skrytka.model.address import Address
from skrytka.model.errors import Reason
from skrytka.model.events import FaultRaised
from skrytka.model.secret import Secret
from skrytka.model.settings import Passwords as PasswordSettings
from tests.unit.mail.support import Recorder

ALICE = Address.parse("alice.kowalska@example.org")
GOOD = "vivid marten over nine bridges"
BREACHED = "a password that leaked from somewhere"


@pytest.fixture
def events() -> Recorder:
    return Recorder()


@pytest.fixture
def policy(tmp_path: Path, events: Recorder) -> Iterator[PasswordPolicy]:
    hashed = hashlib.sha1(BREACHED.encode()).hexdigest().encode()
    import_breaches(io.BytesIO(hashed + b":9\n"), tmp_path / "list")
    settings = PasswordSettings(words=("Gmina Łąki",))
    made = PasswordPolicy(settings, tmp_path / "list", events, words=("mx.example.net", "Post Office"))
    yield made
    made.close()


async def problems(policy: PasswordPolicy, password: str | bytes, *, has_mfa: bool = False) -> set[Problem]:
    try:
        await policy.check(Secret(password), ALICE, has_mfa=has_mfa)
    except PasswordRefusedError as exc:
        refused = exc
    else:
        return set()
    assert refused.reason is Reason.WEAK_PASSWORD
    assert refused.minimum == (8 if has_mfa else 15)
    assert refused.detail == ", ".join(each.value.replace("_", " ") for each in refused.problems)  # and no password
    return set(refused.problems)


TABLE: list[tuple[str | bytes, set[Problem]]] = [
    (GOOD, set()),
    ("zażółć gęślą jaźń ósmą", set()),
    ("only small letters and spaces here", set()),  # no rule about kinds of characters
    ("kx7vq2mzt9bwr4h", set()),  # 15
    ("kx7vq2mzt9bwr4", {Problem.TOO_SHORT}),  # 14
    ("", {Problem.TOO_SHORT}),
    ("x" * 1025, {Problem.TOO_LONG}),
    ("password1234567", {Problem.COMMON}),
    ("Haslo!", {Problem.TOO_SHORT, Problem.COMMON}),
    ("Kowalska-Alice-2026", {Problem.CONTEXT}),
    ("alicekowalskaexample", {Problem.CONTEXT}),
    ("skrytka skrytka skrytka", {Problem.COMMON}),
    ("Gmina Laki 2026 Gmina", {Problem.CONTEXT}),
    ("post-office-post-office", {Problem.CONTEXT}),
    (BREACHED, {Problem.BREACHED}),
    ("aaaaaaaaaaaaaaaaaaaa", {Problem.GUESSABLE}),
    ("1234567890123456", {Problem.GUESSABLE}),
    ("abcdefghijklmnop", {Problem.GUESSABLE}),
    (b"\xff\xfe is no text at all", {Problem.UNREADABLE}),
    ("a tab\tis hard to type", {Problem.UNREADABLE}),
    ("a line\nbreak is no password", {Problem.UNREADABLE}),
]


@pytest.mark.parametrize(("password", "expected"), TABLE)
async def test_a_password_is_taken_or_refused_with_all_that_is_wrong(
    policy: PasswordPolicy, password: str | bytes, expected: set[Problem]
) -> None:
    assert await problems(policy, password) == expected


@pytest.mark.parametrize(
    ("password", "expected"),
    [
        ("kx7vq2mz", set()),
        ("kx7vq2m", {Problem.TOO_SHORT}),
        ("password", {Problem.COMMON}),
        ("abcdefgh", {Problem.COMMON}),
        ("11111111", {Problem.GUESSABLE}),
    ],
)
async def test_eight_characters_do_where_a_second_factor_is_demanded(
    policy: PasswordPolicy, password: str, expected: set[Problem]
) -> None:
    assert await problems(policy, password, has_mfa=True) == expected


async def test_code_points_are_counted_after_nfc(policy: PasswordPolicy) -> None:
    """63B 3.1.1.2: each code point is one character; NFC before the hash."""
    fifteen = "ęóśżźćńąłfkwqpv"
    assert len(fifteen) == 15
    assert await problems(policy, unicodedata.normalize("NFD", fifteen)) == set()
    assert await problems(policy, unicodedata.normalize("NFD", fifteen[:-1])) == {Problem.TOO_SHORT}
    assert await problems(policy, "🦊🐢🦉🌵🍋🚲🎺🧵🪁🧭🧊🪵🪨🪶🧿") == set()


@pytest.mark.parametrize("length", [64, 256])
async def test_long_passwords_are_taken_whole(policy: PasswordPolicy, length: int) -> None:
    text = (GOOD * 20)[:length]
    assert await problems(policy, text) == set()


async def test_a_list_that_is_damaged_is_a_fault_and_passwords_are_taken(tmp_path: Path, events: Recorder) -> None:
    (tmp_path / "list").write_bytes(b"nonsense")
    policy = PasswordPolicy(PasswordSettings(), tmp_path / "list", events)
    assert await problems(policy, BREACHED) == set()
    policy.close()
    (event,) = events.events
    assert isinstance(event, FaultRaised)
    assert event.fault == "F-breach-list"


async def test_a_stricter_place_may_ask_for_more(tmp_path: Path, events: Recorder) -> None:
    policy = PasswordPolicy(PasswordSettings(min_length=20, min_length_with_mfa=12), tmp_path / "none", events)
    assert (policy.minimum(has_mfa=False), policy.minimum(has_mfa=True)) == (20, 12)
    policy.close()


def test_words_of_this_account_make_a_password_weaker() -> None:
    assert strength("kowalskakowalska", ["kowalska"]) < strength("kowalskakowalska", [])


@pytest.mark.parametrize(
    ("text", "length"),
    [
        ("vivid marten over nine bridges", 30),
        ("v" * 300, 100),
        ("p4ssw0rd!" * 20, 100),
        ("4@8({[<369&1!|0$5+7%2/" * 5, 20),  # 0.8 s for a hundred of these
    ],
)
def test_the_estimate_takes_no_time_that_others_would_miss(text: str, length: int) -> None:
    assert len(estimated(text)) == length


async def test_the_list_is_let_go_of_though_somebody_still_asks(policy: PasswordPolicy) -> None:
    assert await problems(policy, BREACHED) >= {Problem.BREACHED}
    assert len(policy._breaches) == 1
    asking = asyncio.ensure_future(problems(policy, BREACHED))
    await asyncio.sleep(0)
    policy.close()
    assert Problem.BREACHED in await asking
    assert policy._breaches._map is None
    assert Problem.BREACHED in await problems(policy, BREACHED)
    assert policy._breaches._map is None

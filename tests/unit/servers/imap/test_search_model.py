"""SEARCH beside the plainest reading of RFC 9051 6.4.4: any nesting of keys over made-up mail finds the same."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from skrytka.mail.delivery.fields import sent_at_ms
from tests.support.imap import World

DAY_MS = 86_400_000
START = datetime(2020, 1, 1, tzinfo=UTC)
FLAGS = {"SEEN": 1, "ANSWERED": 2, "FLAGGED": 4, "DELETED": 8, "DRAFT": 16}


@dataclass(frozen=True)
class Mail:
    number: int
    uid: int
    flags: int
    subject: str
    body: str
    day: int  # of arrival, from START
    sent_day: int | None
    size: int

    @property
    def raw(self) -> bytes:
        sent = START + timedelta(days=self.sent_day or 0, hours=23, minutes=30)
        date = f"Date: {sent:%d %b %Y %H:%M:%S} -0500\r\n" if self.sent_day is not None else ""
        return f"{date}Subject: {self.subject}\r\n\r\n{self.body}\r\n".ljust(self.size, "x").encode()


Test = Callable[[Mail], bool]
Found = tuple[str, Test]
WORDS = ["alpha", "beta", "gamma ray", "ALPHA", "ray", "x"]
MAILS = st.lists(
    st.tuples(
        st.integers(0, 31),
        st.sampled_from(["alpha", "Beta alpha", "gamma ray", ""]),
        st.sampled_from(["body of beta", "delta", "Gamma Ray here"]),
        st.integers(0, 5),
        st.none() | st.integers(0, 5),
        st.integers(80, 90),
    ),
    max_size=6,
)


def day(number: int) -> str:
    return f"{START + timedelta(days=number):%d-%b-%Y}"


def flag(name: str) -> Found:
    return name, lambda mail: bool(mail.flags & FLAGS[name])


def unflag(name: str) -> Found:
    return f"UN{name}", lambda mail: not mail.flags & FLAGS[name]


def subject(word: str) -> Found:
    return f'SUBJECT "{word}"', lambda mail: word.lower() in mail.subject.lower()


def in_body(word: str) -> Found:
    return f'BODY "{word}"', lambda mail: word.lower() in mail.raw.decode().split("\r\n\r\n", 1)[1].lower()


def numbers(low: int, high: int) -> Found:
    return f"UID {low}:{high}", lambda mail: min(low, high) <= mail.uid <= max(low, high)


def size(count: int) -> Found:
    return f"LARGER {count}", lambda mail: len(mail.raw) > count


def smaller(count: int) -> Found:
    return f"SMALLER {count}", lambda mail: len(mail.raw) < count


def arrived(number: int) -> st.SearchStrategy[Found]:
    return st.sampled_from(
        [
            (f"BEFORE {day(number)}", lambda mail: mail.day < number),
            (f"ON {day(number)}", lambda mail: mail.day == number),
            (f"SINCE {day(number)}", lambda mail: mail.day >= number),
            (f"SENTBEFORE {day(number)}", lambda mail: mail.sent_day is not None and mail.sent_day < number),
            (f'SENTON "{day(number)}"', lambda mail: mail.sent_day == number),
            (f"SENTSINCE {day(number)}", lambda mail: mail.sent_day is not None and mail.sent_day >= number),
        ]
    )


LEAVES: st.SearchStrategy[Found] = st.one_of(
    st.just(("ALL", lambda mail: True)),
    st.sampled_from(sorted(FLAGS)).map(flag),
    st.sampled_from(sorted(FLAGS)).map(unflag),
    st.sampled_from(WORDS).map(subject),
    st.sampled_from(WORDS).map(in_body),
    st.builds(numbers, st.integers(1, 8), st.integers(1, 8)),
    st.integers(78, 92).map(size),
    st.integers(78, 92).map(smaller),
    st.integers(-1, 6).flatmap(arrived),
)


def either(left: Found, right: Found) -> Found:
    return f"OR {left[0]} {right[0]}", lambda mail: left[1](mail) or right[1](mail)


def negated(inner: Found) -> Found:
    return f"NOT {inner[0]}", lambda mail: not inner[1](mail)


def both(keys: list[Found]) -> Found:
    return f"({' '.join(text for text, _ in keys)})", lambda mail: all(test(mail) for _, test in keys)


KEYS = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.builds(either, inner, inner), inner.map(negated), st.lists(inner, min_size=1, max_size=3).map(both)
    ),
    max_leaves=6,
)


@settings(deadline=None)
@given(MAILS, st.lists(KEYS, min_size=1, max_size=2))
def test_any_search_finds_what_the_rfc_says(
    made: list[tuple[int, str, str, int, int | None, int]], keys: list[Found]
) -> None:
    mails = [Mail(number, number + 1, *fields) for number, fields in enumerate(made, 1)]
    world = World()
    world.inbox.deliver(b"\r\n")
    for mail in mails:
        world.inbox.deliver(
            mail.raw,
            flags=mail.flags,
            received_at_ms=int(START.timestamp() * 1000) + mail.day * DAY_MS + DAY_MS // 2,
            sent_at_ms=sent_at_ms(mail.raw.split(b"\r\n")[0]) if mail.sent_day is not None else None,
        )
    world.inbox.remove(1)
    text, expected = " ".join(text for text, _ in keys), [mail for mail in mails if all(test(mail) for _, test in keys)]
    by_number, done, by_uid, _ = asyncio.run(world.ask(f"SEARCH {text}", f"UID SEARCH {text}"))
    assert done == "t1 OK done", text
    assert by_number == "".join(["* SEARCH", *(f" {mail.number}" for mail in expected)]), text
    assert by_uid == "".join(["* SEARCH", *(f" {mail.uid}" for mail in expected)]), text

import datetime as dt
from zoneinfo import ZoneInfo

import pytest

from skrytka.mail.identity.controls import (
    Controls,
    checked,
    decode_controls,
    parse_hours,
    parse_sender,
)
from skrytka.mail.identity.types import RIGHTS
from skrytka.model.address import Address
from skrytka.model.errors import PermanentError, Reason

DAY = 24 * 60


def at(text: str, zone: str = "Europe/Warsaw") -> int:
    return int(dt.datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone)).timestamp() * 1000)


@pytest.mark.parametrize(
    ("text", "spans"),
    [
        ("mon 08:00-18:00", [(480, 1080)]),
        ("Mon-Tue 08:30-24:00", [(510, DAY), (DAY + 510, 2 * DAY)]),
        ("sat,mon 00:00-01:00", [(5 * DAY, 5 * DAY + 60), (0, 60)]),
        ("fri-mon 00:00-00:01", [(4 * DAY, 4 * DAY + 1), (5 * DAY, 5 * DAY + 1), (6 * DAY, 6 * DAY + 1), (0, 1)]),
        ("sun 22:00-06:00", [(6 * DAY + 1320, 7 * DAY), (0, 360)]),
        ("wed 22:00-06:00", [(2 * DAY + 1320, 3 * DAY + 360)]),
    ],
)
def test_hours_are_minutes_of_the_week(text: str, spans: list[tuple[int, int]]) -> None:
    assert list(parse_hours(text)) == spans


@pytest.mark.parametrize(
    "text",
    ["", "mon", "mon 8-18", "mon 08:00",
     "mon 08:00-25:00", "mon 08:60-09:00", "day 08:00-09:00", "mon- 08:00-09:00",
     "mon 08:00-08:00", "mon 24:00-08:00", "mon 0a:00-08:00", "mon -08:00-08:00",
     "mon \u0660\u0668:\u0660\u0660-09:00"],
)  # fmt: skip
def test_what_is_no_hours_is_refused(text: str) -> None:
    with pytest.raises(PermanentError):
        parse_hours(text)


@pytest.mark.parametrize(
    ("moment", "is_open"),
    [
        ("2026-11-27T07:59", False),  # a Friday
        ("2026-11-27T08:00", True),
        ("2026-11-27T17:59", True),
        ("2026-11-27T18:00", False),
        ("2026-11-28T12:00", False),
        ("2026-07-03T08:00", True),  # the same hour of the wall clock in summer
    ],
)
def test_hours_go_by_the_clock_of_the_zone(moment: str, is_open: bool) -> None:
    controls = Controls(hours=("mon-fri 08:00-18:00",), zone="Europe/Warsaw")
    assert controls.is_open(at(moment)) is is_open
    assert (controls.refusal("smtp", "192.0.2.1", at(moment)) is None) is is_open
    assert controls.refusal("imap", "192.0.2.1", at(moment)) is None


def test_a_zone_that_is_gone_lets_nobody_in() -> None:
    with pytest.raises(PermanentError):
        Controls(hours=("mon 08:00-18:00",), zone="Europe/Nowhere").is_open(0)


@pytest.mark.parametrize(
    ("controls", "right", "remote", "refusal"),
    [
        (Controls(), "smtp", "192.0.2.1", None),
        (Controls(services=("imap",)), "imap", "192.0.2.1", None),
        (Controls(services=("imap",)), "smtp", "192.0.2.1", Reason.NOT_PERMITTED),
        (Controls(services=()), "imap", "192.0.2.1", Reason.NOT_PERMITTED),
        (Controls(networks=("192.0.2.0/24",)), "smtp", "192.0.2.1", None),
        (Controls(networks=("192.0.2.0/24",)), "smtp", "2001:db8::1", Reason.NETWORK_NOT_ALLOWED),
        (Controls(networks=("192.0.2.0/24",)), "imap", "198.51.100.1", None),
        (
            Controls(networks=("192.0.2.0/24",), applies_to=("imap",)),
            "imap",
            "198.51.100.1",
            Reason.NETWORK_NOT_ALLOWED,
        ),
    ],
)
def test_services_and_networks(controls: Controls, right: str, remote: str, refusal: Reason | None) -> None:
    assert controls.refusal(right, remote, 0) is refusal


@pytest.mark.parametrize(
    ("pattern", "address", "is_match"),
    [
        ("Scanner@example.test", "scanner@EXAMPLE.test", True),
        ("scanner@example.test", "scanner@example.org", False),
        ("*@example.test", "anybody@example.test", True),
        ("*@example.test", "anybody@sub.example.test", False),
        ("news-*@example.test", "News-7@example.test", True),
        ("news-*@example.test", "news@example.test", False),
        ("news-*@example.test", "other-news-7@example.test", False),
        ("*-bot@example.test", "a-bot@example.test", True),
        ("a*a@example.test", "a@example.test", False),
        ("*@bücher.test", "x@xn--bcher-kva.test", True),
    ],
)
def test_senders_are_addresses_or_patterns(pattern: str, address: str, is_match: bool) -> None:
    assert Controls(senders=(pattern,)).may_send_from(Address.parse(address)) is is_match


def test_a_pattern_has_one_star_before_the_at() -> None:
    assert parse_sender("*@example.test").name == "example.test"
    for pattern in ("*", "x@*", "*.example.test", "**@example.test", "a*b*c@example.test", "@example.test"):
        with pytest.raises(PermanentError):
            parse_sender(pattern)


@pytest.mark.parametrize(
    "controls",
    [
        Controls(services=("ftp",)),
        Controls(applies_to=("imaps",)),
        Controls(networks=("192.0.2.0/33",)),
        Controls(hours=("always",)),
        Controls(zone="../../etc/passwd"),
        Controls(zone="Mars/Base"),
        Controls(zone=""),
        Controls(senders=("nobody",)),
        Controls(senders=("a@example.test",) * 101),
    ],
)
def test_what_cannot_be_understood_is_not_stored(controls: Controls) -> None:
    with pytest.raises(PermanentError) as caught:
        checked(controls, RIGHTS)
    assert caught.value.reason is Reason.BAD_SYNTAX


def test_a_control_is_the_same_after_the_store() -> None:
    controls = Controls(
        ("smtp",), ("192.0.2.0/24",), ("mon 08:00-18:00",), "Europe/Warsaw", ("smtp", "imap"), ("a@b.c",)
    )
    assert decode_controls(checked(controls, RIGHTS).encode()) == controls
    with pytest.raises(PermanentError):
        decode_controls(b"\x00")

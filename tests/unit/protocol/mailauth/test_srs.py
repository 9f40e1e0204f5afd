"""Addresses that are rewritten and restored, and all that is not."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from skrytka.model.address import Address, AddressError, Domain
from skrytka.model.secret import Secret
from skrytka.protocol.mailauth.srs import VALID_DAYS, SrsError, is_rewritten, restore, rewrite

DAY_MS = 86_400_000
NOW = 1_800_000_000_000
KEY = Secret(b"k" * 32)
OURS = Domain("forward.test")
OTHERS = Domain("second.test")
BOB = Address.parse("bob@example.net")


@pytest.mark.parametrize(
    "text",
    [
        "bob@example.net",
        "Bob.O'Hara+x=y@example.net",
        '"a b=c"@example.net',
        "zażółć@żółw.test",
        "x@[192.0.2.1]",
        "srs0@example.net",
        "=x=@example.net",
    ],
)
def test_a_report_finds_its_way_back(text: str) -> None:
    address = Address.parse(text)
    made = rewrite(address, OURS, KEY, NOW)
    assert made.domain == OURS
    assert made.local.startswith("SRS0=")
    assert Address.parse(str(made)) == made
    assert restore(made, KEY, NOW + VALID_DAYS * DAY_MS) == address


def test_what_others_have_rewritten_does_not_grow_and_goes_back_to_the_first() -> None:
    first = rewrite(BOB, OTHERS, Secret(b"o" * 32), NOW)
    second = rewrite(first, OURS, KEY, NOW)
    assert second.local.startswith("SRS1=")
    assert f"={OTHERS}=" in second.local
    assert restore(second, KEY, NOW) == first
    third = rewrite(second, Domain("third.test"), Secret(b"3" * 32), NOW)
    assert len(third.local) == len(second.local)
    assert restore(third, Secret(b"3" * 32), NOW) == first


@pytest.mark.parametrize(
    "made", [rewrite(BOB, OURS, KEY, NOW), rewrite(rewrite(BOB, OTHERS, KEY, NOW), OURS, KEY, NOW)]
)
def test_every_character_counts_and_so_does_the_day(made: Address) -> None:
    assert is_rewritten(made)
    restore(made, KEY, NOW)
    for place in range(5, len(made.local)):
        other = "x" if made.local[place] != "x" else "y"
        with pytest.raises(SrsError):
            restore(Address(made.local[:place] + other + made.local[place + 1 :], OURS), KEY, NOW)
    for at_ms in (NOW + (VALID_DAYS + 1) * DAY_MS, NOW + 400 * DAY_MS):
        with pytest.raises(SrsError):
            restore(made, KEY, at_ms)
    for key, domain in ((Secret(b"x" * 32), OURS), (KEY, OTHERS)):
        with pytest.raises(SrsError):
            restore(Address(made.local, domain), key, NOW)


@pytest.mark.parametrize("change", [str.lower, str.upper])
def test_who_changes_the_case_does_no_harm(change: object) -> None:
    made = rewrite(BOB, OURS, KEY, NOW)
    assert restore(Address(change(made.local), OURS), KEY, NOW).key == BOB.key  # type: ignore[operator]


@pytest.mark.parametrize(
    "local", ["SRS0=", "SRS0=a", "SRS0=a=b=c", "SRS0=a=b==", "SRS0====", "SRS1=a=b", "SRS1=a==b", "SRS0=aaaa=zzz=x=y"]
)
def test_what_only_looks_like_it_is_refused(local: str) -> None:
    with pytest.raises(SrsError):
        restore(Address(local, OURS), KEY, NOW)


def test_the_form_is_seen_whatever_its_case_and_separator() -> None:
    assert [
        is_rewritten(Address(local, OURS)) for local in ("srs0=x", "SRS1+x", "SrS0-x", "srs", "srs2=x", "srs0x")
    ] == [
        True,
        True,
        True,
        False,
        False,
        False,
    ]


def test_too_long_an_address_is_not_made() -> None:
    with pytest.raises(AddressError):
        rewrite(Address.parse(f"{'x' * 220}@example.net"), OURS, KEY, NOW)
    with pytest.raises(AddressError):
        rewrite(Address("SRS1=x", OTHERS), OURS, KEY, NOW)


@given(st.text(alphabet=st.sampled_from("=+-srSR01abc\0é"), max_size=40))
def test_hostile_local_parts_are_refused_and_nothing_else(local: str) -> None:
    with pytest.raises(SrsError):
        restore(Address(f"SRS0={local}", OURS), KEY, NOW)
    with pytest.raises(SrsError):
        restore(Address(f"SRS1={local}", OURS), KEY, NOW)

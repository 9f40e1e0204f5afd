import json
from pathlib import Path

import pytest

from skrytka.daemon import setup
from skrytka.daemon.layout import Layout
from skrytka.daemon.prepare import read_recovery
from skrytka.model.errors import PermanentError, Reason
from skrytka.model.secret import Secret
from skrytka.store.events.verify import verify

TEXT = Secret("SKRYTKA-1-AAAAA-BBBBB-CCCCC")


class Fixed:
    """Gives the numbers it was given."""

    def __init__(self, *numbers: int) -> None:
        self._numbers = list(numbers)

    def token(self, length: int) -> bytes:
        return self._numbers.pop(0).to_bytes(length, "big")


@pytest.mark.parametrize(
    ("numbers", "expected"), [((0, 0), (0, 1)), ((3, 3), (3, 4)), ((5, 2), (2, 5)), ((13, 12), (12, 13))]
)
def test_two_different_groups_are_asked_for(numbers: tuple[int, int], expected: tuple[int, int]) -> None:
    assert setup.two_of(14, Fixed(*numbers)) == expected


def test_groups_are_compared_without_case_and_spaces() -> None:
    assert setup.groups_of(TEXT) == ["AAAAA", "BBBBB", "CCCCC"]
    assert setup.is_same([" aaaaa", "bb bbb "], ["AAAAA", "BBBBB"])
    assert not setup.is_same(["AAAAA", "BBBBC"], ["AAAAA", "BBBBB"])
    assert not setup.is_same(["", ""], ["AAAAA", "BBBBB"])


def made(password: Secret | None) -> setup.Made:
    return setup.Made(
        root=Path("/x"),
        domain="example.org",
        hostname="mail.example.org",
        admin="admin@example.org",
        password=password,
        recovery_text=TEXT,
    )


def test_the_next_steps_begin_with_what_keeps_it_from_starting() -> None:
    steps = made(None).next_steps(is_confirmed=False)
    assert "recovery confirm" in steps[0]
    assert made(None).next_steps(is_confirmed=True) == steps[1:]
    assert "MX   10 mail.example.org." in steps[1]
    assert 'TXT  "v=spf1 mx -all"' in steps[1]


def test_programs_get_the_same_as_json() -> None:
    facts = json.loads(json.dumps(made(Secret("pw")).to_json()))
    assert facts["password"] == "pw"
    assert facts["recovery_key"] == TEXT.reveal().decode()
    assert json.loads(json.dumps(made(None).to_json()))["password"] is None


def test_secrets_do_not_print_themselves() -> None:
    assert "AAAAA" not in repr(made(Secret("pw")))
    assert "pw" not in repr(made(Secret("pw")))


@pytest.mark.parametrize("name", ["localhost", "[192.0.2.1]", "a b", ""])
def test_what_is_no_full_domain_name_makes_nothing(tmp_path: Path, name: str) -> None:
    with pytest.raises(PermanentError) as caught:
        setup.make(Layout(tmp_path / "s"), setup.Wanted(domain=name, hostname="mail.example.org", admin="a@b.c"))
    assert caught.value.reason is Reason.BAD_SYNTAX
    assert not (tmp_path / "s").exists()


def test_the_first_account_is_of_the_first_domain(tmp_path: Path) -> None:
    wanted = setup.Wanted(domain="example.org", hostname="mail.example.org", admin="anna@example.net")
    with pytest.raises(PermanentError, match=r"of example\.org, and anna@example\.net is not"):
        setup.make(Layout(tmp_path / "s"), wanted)
    assert not (tmp_path / "s").exists()


def test_an_installation_is_made_and_confirmed(tmp_path: Path) -> None:
    layout = Layout(tmp_path / "s")
    wanted = setup.Wanted(
        domain="Example.org",
        hostname="mail.example.org",
        admin="root@example.org",
        recovery_key_file=tmp_path / "recovery",
    )
    result = setup.make(layout, wanted)
    assert result.domain == "example.org"
    assert result.password is not None
    assert (tmp_path / "recovery").read_bytes() == result.recovery_text.reveal() + b"\n"
    assert not layout.incomplete.exists()
    before = verify(layout.events).events
    setup.confirm(layout.root, result.recovery_text)
    assert verify(layout.events).events == before + 1
    assert read_recovery(layout).is_confirmed

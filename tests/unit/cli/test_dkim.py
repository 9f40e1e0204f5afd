import pytest

from skrytka.cli.dkim import step_of
from tests.unit.cli.conftest import Cli

KEY = {
    "domain": "a.test",
    "selector": "s20261129r",
    "algorithm": "rsa-sha256",
    "state": "new",
    "since_at_ms": 1_800_000_000_000,
    "dns": "no",
    "name": "s20261129r._domainkey.a.test",
    "record": "v=DKIM1; k=rsa; p=" + "A" * 300,
}


def test_keys_are_listed_for_one_domain_and_for_all(cli: Cli) -> None:
    cli.answers = {"dkim.list": [KEY]}
    assert cli("dkim", "list") == 0
    assert "s20261129r" in cli.out
    assert "AAAA" not in cli.out
    assert cli("dkim", "list", "a.test", "--json") == 0
    assert '"record": "v=DKIM1; k=rsa; p=AAAA' in cli.out
    assert cli.asked == [("dkim.list", {}), ("dkim.list", {"domain": "a.test"})]
    cli.answers = {"dkim.list": []}
    assert cli("dkim", "list") == 0
    assert "no keys yet" in cli.out


def test_what_is_to_be_published_is_shown_as_lines_of_a_zone_file(cli: Cli) -> None:
    cli.answers = {"dkim.show": [KEY]}
    assert cli("dkim", "show", "a.test") == 0
    said, line = cli.out.splitlines()
    assert said == "; s20261129r (rsa-sha256): publish this; it signs nothing before DNS shows it"
    strings = line.split('"')[1::2]
    assert "".join(strings) == KEY["record"]
    assert max(map(len, strings)) == 255
    assert cli("dkim", "show", "a.test", "--json") == 0
    assert '"dns": "no"' in cli.out


@pytest.mark.parametrize(
    ("state", "dns", "said"),
    [
        ("new", "yes", "skrytka dkim check a.test"),
        ("waiting", "yes", "is used when"),
        ("active", "yes", "signs"),
        ("active", "no", "publish this"),
        ("retired", "other", "another record"),
        ("revoked", "other", "instead of the key"),
        ("new", "unknown", "cannot be asked"),
    ],
)
def test_each_state_says_what_is_to_be_done(state: str, dns: str, said: str) -> None:
    assert said in step_of({**KEY, "state": state, "dns": dns})


@pytest.mark.parametrize(
    ("words", "asked"),
    [
        (["check"], ("dkim.check", {})),
        (["check", "a.test"], ("dkim.check", {"domain": "a.test"})),
        (["rotate", "a.test"], ("dkim.rotate", {"domain": "a.test"})),
        (["use", "a.test", "s1"], ("dkim.use", {"domain": "a.test", "selector": "s1"})),
        (["revoke", "a.test", "s1"], ("dkim.revoke", {"domain": "a.test", "selector": "s1"})),
    ],
)
def test_what_is_asked_for(cli: Cli, words: list[str], asked: tuple[str, dict[str, str]]) -> None:
    cli.answers = {asked[0]: [KEY]}
    assert cli("dkim", *words) == 0
    assert cli.asked == [asked]
    assert "s20261129r" in cli.out

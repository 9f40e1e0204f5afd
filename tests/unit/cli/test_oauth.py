from tests.unit.cli.conftest import Cli

CLIENT = {
    "client": "web",
    "name": "Web mail",
    "redirect_uris": ["https://web.example.org/cb"],
    "scopes": ["imap", "smtp"],
    "is_public": False,
    "is_device": False,
    "is_well_known": False,
}
GRANT = {
    "grant": "01ARZ3NDEKTSV4RRFFQ69G5FAV",
    "address": "alice@example.org",
    "client": "thunderbird",
    "scopes": ["imap"],
    "created_at_ms": 1_800_000_000_000,
    "used_at_ms": 1_800_000_000_000,
    "expires_at_ms": 1_800_000_000_000,
}


def test_a_program_is_registered_and_its_secret_shown(cli: Cli) -> None:
    cli.answers = {"oauth.client.add": {"client": CLIENT, "secret": "skr_cs_x"}}
    assert cli("oauth", "client", "add", "web", "Web mail", "--redirect", "https://web.example.org/cb", "--secret") == 0
    assert "web may ask for imap smtp." in cli.out
    assert "skr_cs_x" in cli.out
    (asked,) = cli.asked
    assert asked[1]["is_confidential"] is True
    assert asked[1]["redirect_uris"] == ("https://web.example.org/cb",)
    assert cli("oauth", "client", "add", "web", "Web mail", "--device", "--scope", "imap", "--json") == 0
    assert cli.json["secret"] == "skr_cs_x"
    cli.answers = {"oauth.client.add": {"client": CLIENT, "secret": ""}}
    assert cli("oauth", "client", "add", "web", "Web mail", "--device") == 0
    assert "secret" not in cli.out


def test_programs_are_listed_and_sent_away(cli: Cli) -> None:
    cli.answers = {"oauth.client.list": [CLIENT], "oauth.client.remove": {"grants": 3}}
    assert cli("oauth", "client", "list") == 0
    assert "https://web.example.org/cb" in cli.out
    assert cli("oauth", "client", "remove", "web") == 0
    assert cli.out == "web is gone; 3 grants ended with it.\n"


def test_what_somebody_let_in_is_shown_and_ended(cli: Cli) -> None:
    cli.answers = {"oauth.grants": [GRANT], "oauth.revoke": {"grants": 2}, "oauth.grant.revoke": {"grants": 1}}
    assert cli("oauth", "grants", "alice@example.org") == 0
    assert "thunderbird" in cli.out
    assert cli("oauth", "revoke", "alice@example.org") == 0
    assert cli.out == "2 programs are out.\n"
    assert cli("oauth", "revoke", "alice@example.org", "--grant", GRANT["grant"]) == 0  # type: ignore[arg-type]
    assert cli.asked[-1] == ("oauth.grant.revoke", {"address": "alice@example.org", "grant": GRANT["grant"]})

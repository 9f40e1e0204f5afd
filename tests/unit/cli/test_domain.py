from tests.unit.cli.conftest import Cli


def test_a_domain_has_a_language(cli: Cli) -> None:
    cli.answers = {"domain.language": {"name": "example.test", "language": "pl"}}
    for tag in ("pl", "default"):
        assert cli("domain", "language", "example.test", tag) == 0
        assert cli.out == "the language of example.test is set\n"
    assert cli("domain", "language", "example.test", "xx") == 2
    assert [arguments["language"] for _, arguments in cli.asked] == ["pl", None]


def test_domains_are_added_listed_and_removed(cli: Cli) -> None:
    info = {"name": "example.test", "created_at_ms": 0}
    cli.answers = {"domain.add": info, "domain.list": [info], "domain.remove": info}
    assert cli("domain", "add", "Example.test") == 0
    assert cli.out.startswith("example.test is a domain of this server now; publish")
    assert cli("domain", "list", "--json") == 0
    assert cli.json == [info]
    assert cli("domain", "remove", "example.test", "--json") == 0
    assert cli.json == info
    assert cli.asked == [
        ("domain.add", {"domain": "Example.test"}),
        ("domain.list", {}),
        ("domain.remove", {"domain": "example.test"}),
    ]

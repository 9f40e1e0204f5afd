from tests.unit.cli.conftest import Cli


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

from tests.unit.cli.conftest import Cli

ROW = {
    "names": ["mail.example.test"],
    "key": "ecdsa",
    "source": "https://ca.test/dir",
    "expires_at_ms": 1_800_000_000_000,
    "renews_at_ms": 1_700_000_000_000,
    "error": "",
}


def test_certificates_are_listed_and_renewed(cli: Cli) -> None:
    cli.answers = {"cert.list": [ROW], "cert.renew": [ROW], "cert.rollover": [ROW]}
    assert cli("cert", "list") == 0
    assert "2027-01-15 08:00:00Z" in cli.out
    assert cli("cert", "renew", "mail.example.test", "--json") == 0
    assert cli.json[0]["names"] == ["mail.example.test"]
    assert cli("cert", "renew") == 0
    assert cli("cert", "rollover", "mail.example.test") == 0
    assert cli.asked == [
        ("cert.list", {}),
        ("cert.renew", {"name": "mail.example.test"}),
        ("cert.renew", {"name": ""}),
        ("cert.rollover", {"name": "mail.example.test"}),
    ]


def test_one_that_was_not_to_be_had_is_a_failure(cli: Cli) -> None:
    cli.answers = {"cert.renew": [ROW | {"error": "ca.test: 503"}]}
    assert cli("cert", "renew") == 1


def test_a_certificate_for_a_machine_goes_into_a_new_file_that_nobody_else_reads(cli: Cli) -> None:
    cli.answers["cert.client"] = {"name": "laptop", "days": 5, "certificate": "CERT\n", "key": "KEY\n"}
    file = cli.root.parent / "laptop.pem"
    assert cli("cert", "client", "laptop", "--days", "5", "--out", str(file)) == 0
    assert cli.asked == [("cert.client", {"name": "laptop", "days": 5})]
    assert file.read_text() == "CERT\nKEY\n"
    assert file.stat().st_mode & 0o777 == 0o600
    assert "KEY" not in cli.out
    assert cli("cert", "client", "laptop", "--out", str(file)) == 2

from skrytka.daemon import config
from skrytka.daemon.config_text import Choices, render

DEMO = Choices(
    hostname="mail.example.test",
    ports={"smtp": 20025, "imap": 20143, "imaps": 20993},
    addresses=("127.0.0.1",),
    certificate="keys/tls/server.pem",
    key="keys/tls/server.key",
    is_demo=True,
    zone_file="zone.yml",
    exempt_networks=("127.0.0.1/32",),
)
PLAIN = Choices(hostname="mail.example.test", ports={}, addresses=(), certificate="a", key="b", user="skrytka")


def test_what_is_written_is_what_is_read() -> None:
    settings = config.parse(render(DEMO), "f")
    assert settings.is_demo
    assert settings.listeners.imaps.port == 20993
    assert settings.listeners.smtp.addresses == ("127.0.0.1",)
    assert settings.tls.certificates[0].key == "keys/tls/server.key"
    assert settings.dns.zone_file == "zone.yml"
    assert settings.exempt_networks == ("127.0.0.1/32",)
    assert settings.user is None


def test_what_was_not_chosen_is_left_to_its_default() -> None:
    text = render(PLAIN)
    assert config.parse(text, "f").user == "skrytka"
    for word in ("is_demo", "exempt", "dns", "zone"):
        assert word not in text


def test_it_is_commented_for_people() -> None:
    lines = render(DEMO).splitlines()
    assert lines[0].startswith("# Settings of Skrytka.")
    assert sum("#" in line for line in lines) >= 8

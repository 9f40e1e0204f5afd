import pytest

from skrytka.daemon import config
from skrytka.daemon.config import ConfigError

HEAD = 'version = 1\nhostname = "mail.example.test"\n'
LEGACY = "[[tls.legacy]]\nlistener = {}\nowner = {}\nuntil = {}\n{}\n"


@pytest.mark.parametrize(
    "text",
    [
        "exempt_networks = ['127.0.0.1/32', '2001:db8::/32']",
        "dns.resolvers = ['127.0.0.1', '127.0.0.1:5353', '::1', '[::1]', '[::1]:53']",
        "dns.timeout_s = 3",
        "outbound.tls_demands = [{ domain = '.a.b', level = 'dane' }, { domain = '*', level = 'may' }]",
        "[[tls.legacy]]\nlistener = 'imap'\nowner = 'Ola'\nuntil = '2027-03-01'\nsuites = ['AES128-SHA']",
        "dns.publish = [{ zone = 'a.b.', server = '[::1]:53', key_file = 'k' }]",
        "[listeners]\nsmtp = { port = 25, addresses = ['192.0.2.1'] }\nimap = { port = 25, addresses = ['::1'] }",
        "listeners.imap = { port = 25, is_enabled = false }",
        "connections.total = 0",
        "is_demo = true\n[listeners]\nsmtp = { port = 1, addresses = ['127.0.0.1'] }\n@",
    ],
)
def test_what_makes_sense_is_taken(text: str) -> None:
    rest = "imap = { port = 2, addresses = ['::1'] }\nimaps = { port = 3, is_enabled = false }"
    assert config.parse(HEAD + text.replace("@", rest) + "\n", "f").version == 1


@pytest.mark.parametrize(
    ("text", "key", "hint"),
    [
        ("hostname = 'mail'", "hostname", "full domain name"),
        ("hostname = '[192.0.2.1]'", "hostname", "full domain name"),
        ("hostname = 'a b.c'", "hostname", "full domain name"),
        ("exempt_networks = ['127.0.0.1/8']", "exempt_networks[0]", "host bits"),
        ("exempt_networks = 'x'", "exempt_networks", "a list of text"),
        ("exempt_networks = [1]", "exempt_networks", "a list of text"),
        ("dns.resolvers = ['dns.example']", "dns.resolvers[0]", "address"),
        ("dns.resolvers = ['1.1.1.1:0']", "dns.resolvers[0]", "address"),
        ("dns.server_networks = ['lan']", "dns.server_networks[0]", "a network"),
        ("dns.publish = [{ zone = 'a..b', server = '::1', key_file = 'k' }]", "dns.publish[0].zone", "a domain"),
        ("dns.publish = [{ zone = 'a.b', server = 'ns.a.b', key_file = 'k' }]", "dns.publish[0].server", "address"),
        (LEGACY.format("'imap'", "'x'", "'2027-3-1'", "version = 'TLSv1'"), "tls.legacy[0].until", "a day"),
        (LEGACY.format("'imap'", "''", "'2027-03-01'", "version = 'TLSv1'"), "tls.legacy[0].owner", "answers for it"),
        (LEGACY.format("'imap'", "'x'", "'2027-03-01'", ""), "tls.legacy[0].suites", "older version, or suites"),
        (LEGACY.format("'http'", "'x'", "'2027-03-01'", "version = 'TLSv1'"), "tls.legacy[0].listener", "'imaps'"),
        (
            LEGACY.format("'imap'", "'x'", "'2027-03-01'", "suites = ['RC4-SHA']"),
            "tls.legacy[0].suites",
            "'AES128-SHA'",
        ),
        (LEGACY.format("'imap'", "'x'", "'2027-03-01'", "version = 'SSLv3'"), "tls.legacy[0].version", "'TLSv1'"),
        (2 * LEGACY.format("'imap'", "'x'", "'2027-03-01'", "version = 'TLSv1'"), "tls.legacy[1].listener", "already"),
        ("outbound.tls_demands = [{ domain = 'a..b', level = 'dane' }]", "outbound.tls_demands[0].domain", "a domain"),
        ("outbound.tls_demands = [{ domain = '*', level = 'x' }]", "outbound.tls_demands[0].level", "'proven'"),
        ("dns.addresses = ['mail.example']", "dns.addresses[0]", "IP address"),
        ("dns.timeout_s = 0", "dns.timeout_s", "above 0"),
        ("dns.timeout_s = 'x'", "dns.timeout_s", "a number"),
        ("reports.sender = 'postmaster'", "reports.sender", "an address"),
        ("reports.sender = 'a@[192.0.2.1]'", "reports.sender", "an address"),
        ("smtp.errors = 0", "smtp.errors", "1 or more"),
        ("connections.total = -1", "connections.total", "0 or more"),
        ("connections.tota = 1", "connections.tota", "did you mean 'total'"),
        ("is_demo = 1", "is_demo", "true or false"),
        ("fronts = true", "fronts", "an integer of 0 or more"),
        ("user = 3", "user", "text in quotes"),
        ("login = 3", "login", "a table"),
        ("accounts.subaddress_separator = '--'", "accounts.subaddress_separator", "1 characters at most"),
        ("tls.certificates = 3", "tls.certificates", "a list of"),
        ("tls.certificates = [{ certificate = 'a' }]", "tls.certificates[0].key", "missing"),
        ("listeners.smtp = { port = 25, addresses = ['localhost'] }", "listeners.smtp.addresses[0]", "IP address"),
        ("listeners.imap = { port = 25 }", "listeners.imap.port", "port of smtp"),
        ("is_demo = true", "listeners.smtp.addresses[0]", "loopback"),
    ],
)
def test_what_makes_no_sense_is_told_with_its_key(text: str, key: str, hint: str) -> None:
    head = HEAD.splitlines()[0] if text.startswith("hostname") else HEAD
    with pytest.raises(ConfigError) as caught:
        config.parse(f"{head}\n{text}\n", "f")
    told = {fault.key: fault.message for fault in caught.value.faults}
    assert hint in told[key]


def test_a_long_wrong_value_is_cut_short() -> None:
    with pytest.raises(ConfigError) as caught:
        config.parse(HEAD + f"fronts = '{'x' * 1000}'\n", "f")
    assert len(caught.value.detail) < 200

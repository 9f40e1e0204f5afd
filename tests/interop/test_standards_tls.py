"""Section 1.1 of the audit's standards, TLS-01 to TLS-28 and TLS-31, against a whole installation: every port of it.

What Internet.nl (NCSC-NL 2025-05), BSI and Mozilla ask of TLS. docs/standards.md has the rows.
"""

import re
import socket
import ssl
import stat
import subprocess
import warnings
from collections.abc import Iterator

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

from tests.support.sites import PORTS, Site, network

pytestmark = [pytest.mark.needs("root"), pytest.mark.timeout(300)]

STARTTLS = {"smtp": "smtp", "submission": "smtp", "imap": "imap"}
SERVICES = [name for name in PORTS if name != "http"]
IMPLICIT = [name for name in SERVICES if name not in STARTTLS]
FEW = ["smtp", "imaps"]  # with STARTTLS and without: all have one set of suites
# 2.1: GOOD and SUFFICIENT of NCSC; within what Mozilla calls intermediate
SUITES_12 = {f"ECDHE-{key}-{rest}" for key in ("ECDSA", "RSA") for rest in ("AES128-GCM-SHA256", "AES256-GCM-SHA384")}
SUITES_12 |= {"ECDHE-ECDSA-CHACHA20-POLY1305", "ECDHE-RSA-CHACHA20-POLY1305"}
SUITES_13 = {"TLS_AES_256_GCM_SHA384", "TLS_CHACHA20_POLY1305_SHA256", "TLS_AES_128_GCM_SHA256"}
OLD = [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    made = Site.at(tmp_path_factory.mktemp("tls") / "s", "a.test", f"{network()}1")
    made.ask(1)  # nobody: TLS needs no DNS
    with made:
        yield made


def context(version: ssl.TLSVersion, ciphers: str = "ALL:COMPLEMENTOFALL") -> ssl.SSLContext:
    """A client that takes anything, of one version."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.check_hostname, made.verify_mode = False, ssl.CERT_NONE
    made.set_ciphers(f"{ciphers}:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of old versions, which is what is tried
        made.minimum_version = made.maximum_version = version
    return made


def shake(site: Site, service: str, using: ssl.SSLContext) -> ssl.SSLSocket:
    """ssl.SSLError or OSError when it does not come about."""
    sock = socket.create_connection((site.address, PORTS[service]), timeout=20)
    try:
        if service in STARTTLS:
            _ask(sock, b"")
            for line in (b"EHLO x.test\r\n", b"STARTTLS\r\n") if service != "imap" else (b"a STARTTLS\r\n",):
                _ask(sock, line)
        return using.wrap_socket(sock, server_hostname=site.hostname)
    except BaseException:
        sock.close()
        raise


def _ask(sock: socket.socket, line: bytes) -> bytes:
    sock.sendall(line)
    data = sock.recv(4096)
    while re.search(rb"^\d{3}-[^\n]*\n\Z", data, re.MULTILINE):
        data += sock.recv(4096)
    return data


def is_taken(site: Site, service: str, using: ssl.SSLContext) -> bool:
    try:
        with shake(site, service, using):
            return True
    except OSError:  # ssl.SSLError is one
        return False


def s_client(site: Site, service: str, *options: str) -> str:
    """What openssl(1) says of a session."""
    command = _command(site, service, *options)
    done = subprocess.run(command, input="Q\n", capture_output=True, text=True, timeout=60, check=False)
    return done.stdout + done.stderr


def _command(site: Site, service: str, *options: str) -> list[str]:
    where = ["-connect", f"{site.address}:{PORTS[service]}", "-servername", site.hostname]
    starttls = ["-starttls", STARTTLS[service]] if service in STARTTLS else []
    return ["openssl", "s_client", *where, *starttls, *options]


def leaf(site: Site, service: str) -> x509.Certificate:
    with shake(site, service, context(ssl.TLSVersion.TLSv1_3)) as tls:
        der = tls.getpeercert(binary_form=True)
    assert der is not None
    return x509.load_der_x509_certificate(der)


@pytest.mark.parametrize("service", SERVICES)
def test_tls_01_02_03_04_versions(site: Site, service: str) -> None:
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        assert is_taken(site, service, context(version)), version
    for version in OLD:
        assert not is_taken(site, service, context(version)), version


@pytest.mark.parametrize("service", FEW)
def test_tls_05_06_07_09_suites_of_1_2(site: Site, service: str) -> None:
    """Each that OpenSSL knows, one by one: no static RSA, DH, PSK, anonymous, NULL, CBC or CCM_8."""
    known = {each["name"] for each in context(ssl.TLSVersion.TLSv1_2).get_ciphers() if each["protocol"] != "TLSv1.3"}
    assert len(known) > 60
    assert known >= SUITES_12
    taken = {name for name in known if is_taken(site, service, context(ssl.TLSVersion.TLSv1_2, name))}
    assert taken <= SUITES_12
    assert "ECDHE-ECDSA-AES256-GCM-SHA384" in taken


def test_tls_05_suites_of_1_3(site: Site) -> None:
    for name in (*SUITES_13, "TLS_AES_128_CCM_8_SHA256", "TLS_AES_128_CCM_SHA256"):
        said = s_client(site, "imaps", "-tls1_3", "-ciphersuites", name)
        assert (f"Cipher is {name}" in said) is (name in SUITES_13), name


@pytest.mark.parametrize(
    ("group", "is_known"),
    [("X25519", True), ("P-256", True), ("P-384", True), ("secp224r1", False), ("ffdhe2048", False), ("K-283", False)],
)
@pytest.mark.parametrize("service", FEW)
def test_tls_08_groups(site: Site, service: str, group: str, is_known: bool) -> None:
    version = "-tls1_3" if group in {"X25519", "P-256", "P-384", "ffdhe2048"} else "-tls1_2"
    said = s_client(site, service, version, "-groups", group)
    assert bool(re.search(r"Cipher is (ECDHE|TLS_)", said)) is is_known, said


@pytest.mark.parametrize("service", FEW)
def test_tls_11_12_16_compression_renegotiation_and_master_secret(site: Site, service: str) -> None:
    said = s_client(site, service, "-tls1_2", "-comp", "-cipher", "ALL:@SECLEVEL=0")
    assert "Compression: NONE" in said
    assert "Secure Renegotiation IS supported" in said
    assert "Extended master secret: yes" in said


@pytest.mark.parametrize("service", FEW)
def test_tls_13_a_client_renegotiates_nothing(site: Site, service: str) -> None:
    """It asks, is told no, and ends by itself; its input stays open, for an end of that would end the session too."""
    command = _command(site, service, "-tls1_2")
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as client:
        assert client.stdin is not None
        assert client.stdout is not None
        said = b""
        while service not in STARTTLS and b"* OK" not in said:  # a greeting amid the handshake would end it
            said += (line := client.stdout.readline())
            assert line, said
        client.stdin.write(b"R\n")
        client.stdin.flush()
        said += client.stdout.read()
    assert b"RENEGOTIATING" in said
    assert b"no renegotiation" in said.partition(b"RENEGOTIATING")[2], said


@pytest.mark.parametrize("service", FEW)
def test_tls_14_31_no_early_data_and_no_tickets(site: Site, service: str) -> None:
    said = s_client(site, service, "-tls1_3")
    assert "Early data was not sent" in said
    assert not re.search(r"Max Early Data: [1-9]", said)
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        with shake(site, service, context(version)) as tls:
            assert tls.compression() is None
            assert tls.session is None or not tls.session.has_ticket


@pytest.mark.parametrize("service", FEW)
def test_tls_15_no_sha_1_in_the_handshake(site: Site, service: str) -> None:
    bad = ["-tls1_2", "-cipher", "ALL:@SECLEVEL=0", "-sigalgs", "ECDSA+SHA1:RSA+SHA1"]
    assert "Cipher is (NONE)" in s_client(site, service, *bad)
    assert "Cipher is ECDHE" in s_client(site, service, "-tls1_2", "-sigalgs", "ECDSA+SHA256")


@pytest.mark.parametrize("service", SERVICES)
def test_tls_17_18_19_20_certificate_and_chain(site: Site, service: str) -> None:
    """By the one authority that this client trusts, and by the name of the server."""
    with shake(site, service, site.tls()) as tls:
        assert tls.version() == "TLSv1.3"
    certificate = leaf(site, service)
    key = certificate.public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    assert key.curve.name == "secp256r1"
    assert isinstance(certificate.signature_hash_algorithm, SHA256)
    stranger = ssl.create_default_context()
    assert not is_taken(site, service, stranger)


def test_tls_24_private_keys_are_their_owners(site: Site) -> None:
    keys = [*(site.root / "keys").rglob("*.key"), *(site.root / "ring").rglob("*.pem")]
    assert keys
    assert {stat.S_IMODE(path.stat().st_mode) & 0o077 for path in keys} == {0}


def greeting_and_offer(site: Site, service: str) -> bytes:
    with socket.create_connection((site.address, PORTS[service]), timeout=20) as sock:
        first = _ask(sock, b"")
        return first + _ask(sock, b"a CAPABILITY\r\n" if service == "imap" else b"EHLO x.test\r\n")


def test_tls_25_no_login_in_clear(site: Site) -> None:
    said = greeting_and_offer(site, "submission")
    assert b"STARTTLS" in said
    assert b"AUTH" not in said
    said = greeting_and_offer(site, "imap")
    assert b"LOGINDISABLED" in said
    assert b"AUTH=" not in said


def test_tls_26_no_auth_on_port_25(site: Site) -> None:
    assert b"AUTH" not in greeting_and_offer(site, "smtp")
    with shake(site, "smtp", site.tls()) as tls:
        tls.sendall(b"EHLO x.test\r\n")
        said = tls.recv(4096)
    assert said.startswith(b"250")
    assert b"AUTH" not in said


@pytest.mark.parametrize("service", IMPLICIT)
def test_tls_27_tls_from_the_first_octet(site: Site, service: str) -> None:
    assert is_taken(site, service, site.tls())


@pytest.mark.parametrize("service", ["smtp", "submission", "imap"])
def test_tls_28_what_is_pipelined_behind_starttls_is_dropped(site: Site, service: str) -> None:
    with socket.create_connection((site.address, PORTS[service]), timeout=20) as sock:
        _ask(sock, b"")
        if service == "imap":
            _ask(sock, b"a STARTTLS\r\nb NOOP\r\n")
        else:
            _ask(sock, b"EHLO x.test\r\n")
            _ask(sock, b"STARTTLS\r\nEHLO injected.test\r\n")
        with site.tls().wrap_socket(sock, server_hostname=site.hostname) as tls:
            tls.sendall(b"c NOOP\r\n" if service == "imap" else b"NOOP\r\n")
            said = tls.recv(4096)
            assert said.startswith(b"c OK" if service == "imap" else b"250 2.0.0"), said
            assert b"injected" not in said

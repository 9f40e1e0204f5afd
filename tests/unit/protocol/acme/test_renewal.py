import datetime as dt

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

from skrytka.model.clock import FixedClock
from skrytka.model.secret import Secret
from skrytka.net.acme.files import signing_request
from skrytka.protocol.acme import renewal
from skrytka.protocol.acme.client import AcmeClient
from skrytka.protocol.acme.jose import private_key
from skrytka.protocol.acme.steps import Authority, Kind
from tests.support.acme_authority import URL, LittleAuthority

DAY_MS = 86_400_000


def test_it_is_due_at_a_third_of_its_life_left_and_a_little_later_by_chance() -> None:
    assert renewal.due_ms(0, 90 * DAY_MS, 0) == 60 * DAY_MS
    latest = renewal.due_ms(0, 90 * DAY_MS, 2**32 - 1)
    assert 61 * DAY_MS < latest < 62 * DAY_MS
    assert renewal.due_ms(0, 6 * DAY_MS, 0) == 4 * DAY_MS


@pytest.mark.parametrize(
    ("failures", "retry_after_s", "wait_s"),
    [(1, 0, 3600), (2, 0, 7200), (5, 0, 57_600), (6, 0, 86_400), (999, 0, 86_400), (1, 7200, 7200), (9, 1e5, 1e5)],
)
def test_failures_are_followed_by_longer_waits(failures: int, retry_after_s: float, wait_s: float) -> None:
    assert renewal.backoff_s(failures, retry_after_s) == wait_s


def test_the_moment_in_a_window_is_the_same_each_time() -> None:
    window = renewal.Window(1000, 2000)
    assert [window.moment_ms(chance) for chance in (0, 2**31, 2**32 - 1)] == [1000, 1500, 1999]


def test_a_certificate_is_named_as_rfc_9773_4_1_says() -> None:
    """The example of the RFC: key identifier and serial number are given there."""
    key = ec.generate_private_key(ec.SECP256R1())
    identifier = bytes.fromhex("69885B6B87464041E1B37B847BA0AE2CDE01C8D4")
    now = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    leaf = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([]))
        .issuer_name(x509.Name([]))
        .public_key(key.public_key())
        .serial_number(0x8765_4321)
        .not_valid_before(now)
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.AuthorityKeyIdentifier(identifier, None, None), critical=False)
        .sign(key, SHA256())
    )
    assert renewal.certificate_id(leaf) == "aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE"


@pytest.mark.parametrize(
    ("window", "expected"),
    [
        (("2027-01-01T00:00:00Z", "2027-01-02T00:00:00+00:00"), (1_798_761_600_000, 1_798_848_000_000)),
        (("2027-01-02T00:00:00Z", "2027-01-01T00:00:00Z"), None),
        (("2027-01-01T00:00:00", "2027-01-02T00:00:00Z"), None),
        (("never", "2027-01-02T00:00:00Z"), None),
        (None, None),
    ],
)
def test_what_the_authority_suggests(window: tuple[str, str] | None, expected: tuple[int, int] | None) -> None:
    authority = LittleAuthority(FixedClock())
    authority.window = window
    client = AcmeClient(Authority(f"{URL}/directory"), private_key(Secret(bytes(32)), "x"), (Kind.HTTP,))
    csr = x509.load_der_x509_csr(signing_request(ec.generate_private_key(ec.SECP256R1()), ("a.test",)))
    leaf = x509.load_pem_x509_certificate(authority.issue(csr))
    found = authority.take(renewal.window(client, leaf))
    assert (found and (found.start_ms, found.end_ms)) == expected
    if window is not None:
        assert authority.asked[-1] == f"/info/{renewal.certificate_id(leaf)}"

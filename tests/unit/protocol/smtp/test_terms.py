import pytest

from skrytka.model import reply as replies
from skrytka.model.address import Domain
from skrytka.model.limits import SmtpLimits
from skrytka.protocol.smtp.authentication import LINE_MAX
from skrytka.protocol.smtp.extensions import DEFAULT_LENIENCY, Extensions
from skrytka.protocol.smtp.states import Verb
from skrytka.protocol.smtp.terms import Terms

LIMITS = SmtpLimits(command_line_bytes=512)
HOST = "mx.example.test"


def terms(**extensions: object) -> Terms:
    return Terms(HOST, Domain.parse(HOST), LIMITS, Extensions(**extensions), DEFAULT_LENIENCY)  # type: ignore[arg-type]


def test_lines_are_longer_where_somebody_may_log_in() -> None:
    assert terms().line_max == 512
    assert terms(mechanisms=("PLAIN",)).line_max == LINE_MAX


@pytest.mark.parametrize(("is_tls", "is_offered"), [(False, False), (True, True)])
def test_requiretls_is_a_matter_of_tls(is_tls: bool, is_offered: bool) -> None:
    rules = terms(is_requiretls=True).rules(is_extended=True, is_tls=is_tls)
    assert (rules.is_requiretls, rules.hostname.name, rules.is_extended) == (is_offered, HOST, True)
    said = terms(is_requiretls=True).hello(is_extended=True, is_tls=is_tls).encode()
    assert (b"REQUIRETLS" in said) is is_offered


def test_helo_has_one_line() -> None:
    assert terms().hello(is_extended=False, is_tls=False).encode().count(b"\r\n") == 1


@pytest.mark.parametrize(
    ("verb", "extensions", "is_there"),
    [
        (Verb.STARTTLS, {"is_starttls": True}, True),
        (Verb.STARTTLS, {"is_starttls": False}, False),
        (Verb.AUTH, {"mechanisms": ("PLAIN",)}, True),
        (Verb.AUTH, {}, False),
        (Verb.MAIL, {}, True),
    ],
)
def test_what_is_not_offered_is_not_there(verb: Verb, extensions: dict[str, object], is_there: bool) -> None:
    assert terms(**extensions).not_offered(verb) == (None if is_there else replies.NOT_IMPLEMENTED)

import pytest

from skrytka.protocol.mailauth.arc.fields import Status
from skrytka.protocol.mailauth.arc.trust import vouched
from skrytka.protocol.mailauth.arc.verify import ChainResult

AUTHOR = "bank.example"
PASSED = "i=1; lists.example; spf=fail; dmarc=pass (p=reject) header.from=bank.example"


def chain(*sets: tuple[str, str], status: Status = Status.PASS, is_from_signed: bool = True) -> ChainResult:
    return ChainResult(
        status=status,
        sealers=tuple(sealer for sealer, _said in sets),
        is_from_signed=is_from_signed,
        results=tuple(b"ARC-Authentication-Results: " + said.encode() + b"\r\n" for _sealer, said in sets),
    )


def test_a_listed_sealer_vouches() -> None:
    assert vouched(chain(("lists.example", PASSED)), AUTHOR, {"lists.example"}) == (1, "lists.example")


def test_those_between_have_to_be_listed_too() -> None:
    two = chain(("lists.example", PASSED), ("relay.example", "i=2; relay.example; arc=pass; dmarc=fail"))
    assert vouched(two, AUTHOR, {"lists.example", "relay.example"}) == (1, "lists.example")
    assert vouched(two, AUTHOR, {"lists.example"}) is None
    assert vouched(two, AUTHOR, {"relay.example"}) is None


def test_nobody_is_listed_by_default() -> None:
    assert vouched(chain(("lists.example", PASSED)), AUTHOR, frozenset()) is None


@pytest.mark.parametrize("status", [Status.FAIL, Status.NONE])
def test_a_chain_that_does_not_hold_vouches_for_nothing(status: Status) -> None:
    assert vouched(chain(("lists.example", PASSED), status=status), AUTHOR, {"lists.example"}) is None


def test_a_from_that_the_sealer_did_not_sign_is_anybodys() -> None:
    assert vouched(chain(("lists.example", PASSED), is_from_signed=False), AUTHOR, {"lists.example"}) is None


SAID = [
    ("i=1; lists.example; dmarc=pass header.from=BANK.example", True),
    ("i=1; lists.example;\r\n\tdmarc = pass\r\n\theader.from = bank.example", True),
    ("i=1; lists.example; dmarc=pass header.from=bank.example; dkim=none", True),
    ("i=1; lists.example; dmarc=fail header.from=bank.example", False),
    ("i=1; lists.example; dmarc=passable header.from=bank.example", False),
    ("i=1; lists.example; dmarc=pass header.from=bank.example.evil.test", False),
    ("i=1; lists.example; dmarc=pass header.from=other.example", False),
    ("i=1; lists.example; dmarc=pass", False),
    ("i=1; lists.example; dmarc=pass; spf=pass header.from=bank.example", False),
    ('i=1; lists.example; spf=fail reason="x; dmarc=pass header.from=bank.example"', False),
    ("i=1; lists.example; spf=fail (a; dmarc=pass header.from=bank.example )", False),
    ("i=1; lists.example; spf=fail (a (b) ; dmarc=pass header.from=bank.example )", False),
    ("i=1; lists.example; spf=fail ((((((; dmarc=pass header.from=bank.example ))))))", False),
    ("i=1; lists.example; spf=fail (; dmarc=pass header.from=bank.example ", False),
]


@pytest.mark.parametrize(("said", "is_believed"), SAID)
def test_only_what_the_sealer_says_of_dmarc_and_this_author_counts(said: str, is_believed: bool) -> None:
    assert (vouched(chain(("lists.example", said)), AUTHOR, {"lists.example"}) is not None) is is_believed


@pytest.mark.parametrize("said", ['"' + '\\"' * 30_000, "(" + "\\(" * 30_000, "(" * 60_000, '"' * 60_001])
def test_what_is_never_closed_is_read_once(said: str) -> None:
    assert vouched(chain(("lists.example", f"{PASSED}; x={said}")), AUTHOR, {"lists.example"}) is None

import msgspec
import pytest

from skrytka.model.dns import Answer, Status
from skrytka.protocol.mailauth.query import Query, run_with
from skrytka.protocol.published.finding import Problem, State
from skrytka.protocol.published.judge import Finding, judge
from skrytka.protocol.published.looks import looks
from skrytka.protocol.published.wanted import Kind, ServerView, Signature, Wanted
from tests.support.published import FACTS, zone_of
from tests.support.published import run as drive

NOW_S = 1_800_000_000
DAY_S = 86_400
GOOD = (Signature("SOA", 13, NOW_S + 9 * DAY_S), Signature("MX", 13, NOW_S + 10 * DAY_S))
ONE = ServerView(name="ns1.test", address="192.0.2.1", serial=5, mx=("10 a.",), txt=("x",), signatures=GOOD)
TWO = msgspec.structs.replace(ONE, name="ns2.test", address="192.0.2.2")
SILENT = ServerView(name="ns3.test", failure="it has no address")


def replace(view: ServerView, **fields: object) -> ServerView:
    return msgspec.structs.replace(view, **fields)


def signed(expires_s: int, algorithm: int = 13) -> ServerView:
    return replace(TWO, signatures=(Signature("TXT", algorithm, expires_s),))


def look(kind: Kind, *views: ServerView) -> Finding:
    facts = msgspec.structs.replace(FACTS, servers=views, now_s=NOW_S)
    (one,) = [each for each in looks(facts) if each.kind is kind]
    return run_with(judge(one, facts), {})


@pytest.mark.parametrize(
    ("views", "state", "problem", "detail"),
    [
        ((ONE, TWO), State.RIGHT, None, ""),
        ((ONE, replace(ONE, address="2001:db8::1")), State.WARNING, Problem.SERVER_ALONE, ""),
        ((ONE, TWO, SILENT), State.WARNING, Problem.SERVER_SILENT, "ns3.test"),
        ((ONE, replace(TWO, serial=6)), State.WARNING, Problem.SERVERS_BEHIND, ""),
        ((ONE, replace(TWO, mx=("10 b.",))), State.WRONG, Problem.SERVERS_DIFFER, "ns1.test, ns2.test"),
        ((ONE, replace(TWO, txt=())), State.WRONG, Problem.SERVERS_DIFFER, "ns1.test, ns2.test"),
        ((ONE, replace(SILENT, is_lame=True)), State.WRONG, Problem.SERVER_LAME, "ns3.test"),
        ((SILENT,), State.UNKNOWN, Problem.NO_ANSWER, ""),
        ((), State.UNKNOWN, Problem.NO_ANSWER, ""),
    ],
)
def test_whether_the_servers_agree(
    views: tuple[ServerView, ...], state: State, problem: Problem | None, detail: str
) -> None:
    seen = look(Kind.SERVERS, *views).seen
    assert (seen.state, seen.problem, seen.detail) == (state, problem, detail)


@pytest.mark.parametrize(
    ("views", "state", "problem"),
    [
        ((ONE, TWO), State.RIGHT, None),
        ((ONE, signed(NOW_S + 3 * DAY_S)), State.RIGHT, None),
        ((ONE, signed(NOW_S + 3 * DAY_S - 1)), State.WRONG, Problem.SIGNATURE_ENDING),
        ((ONE, signed(NOW_S)), State.WRONG, Problem.SIGNATURE_EXPIRED),
        ((ONE, signed(NOW_S + 9 * DAY_S, 8)), State.RIGHT, None),
        ((ONE, signed(NOW_S + 9 * DAY_S, 15)), State.RIGHT, None),
        ((ONE, signed(NOW_S + 9 * DAY_S, 5)), State.WRONG, Problem.SIGNATURE_WEAK),
        ((ONE, signed(NOW_S + 9 * DAY_S, 7)), State.WRONG, Problem.SIGNATURE_WEAK),
        ((replace(ONE, signatures=()),), State.WARNING, Problem.NOT_SIGNED),
        ((SILENT,), State.UNKNOWN, Problem.NO_ANSWER),
    ],
)
def test_how_long_signatures_hold(views: tuple[ServerView, ...], state: State, problem: Problem | None) -> None:
    seen = look(Kind.SIGNATURES, *views).seen
    assert (seen.state, seen.problem) == (state, problem)


def test_who_was_not_asked_is_not_told_of() -> None:
    assert not {Kind.SERVERS, Kind.SIGNATURES, Kind.DENIAL, Kind.POLICY} & {each.kind for each in looks(FACTS)}


HOST = "mail.example.org"
DENIAL = Wanted(Kind.DENIAL, f"_25._tcp.{HOST}", "NSEC")
QUERIES = (Query(f"_25._tcp.{HOST}", "A"), Query(f"_26._tcp.{HOST}", "TLSA"))


def test_what_is_not_there_is_proven() -> None:
    assert drive(judge(DENIAL, FACTS), zone_of()).seen.state is State.RIGHT
    unsigned = drive(judge(DENIAL, FACTS), zone_of(), is_authentic=False).seen
    assert (unsigned.state, unsigned.problem) == (State.WARNING, Problem.NOT_SIGNED)
    for query in QUERIES:
        broken = drive(judge(DENIAL, FACTS), zone_of(), silent=frozenset({query})).seen
        assert (broken.state, broken.problem, broken.detail) == (State.WRONG, Problem.DENIAL_BROKEN, query.name)
    silent = drive(judge(DENIAL, FACTS), zone_of(), silent=frozenset({Query(HOST, "A")}))
    assert silent.seen.state is State.UNKNOWN


def test_a_no_without_proof_is_none() -> None:
    secure = Answer(Status.NOERROR, ("192.0.2.25",), is_authentic=True)
    answers = {Query(HOST, "A"): secure, Query(HOST, "AAAA"): secure}
    seen = run_with(judge(DENIAL, FACTS), answers).seen  # NXDOMAIN without a signature
    assert (seen.state, seen.problem) == (State.WRONG, Problem.DENIAL_UNPROVEN)

import msgspec

from skrytka.model.dns import Srv
from skrytka.protocol.published.wanted import LOOKED_AT, Facts, Kind, is_within, wanted
from tests.support.published import FACTS


def kinds(facts: Facts) -> set[Kind]:
    return {each.kind for each in wanted(facts)}


def test_all_kinds_are_wanted_of_a_whole_server() -> None:
    assert kinds(FACTS) == set(Kind) - LOOKED_AT | {Kind.SIGNED}


def test_what_is_not_there_yet_is_not_wanted() -> None:
    bare = msgspec.structs.replace(FACTS, keys=(), associations=(), policy_id="", issuers=())
    assert set(Kind) - LOOKED_AT - kinds(bare) == {Kind.DKIM, Kind.TLSA, Kind.STS, Kind.CAA}


def test_a_host_that_is_the_domain_has_one_sender_policy() -> None:
    facts = msgspec.structs.replace(FACTS, hostname="example.org")
    assert [each.record for each in wanted(facts) if each.kind is Kind.SPF] == [b"v=spf1 mx -all"]


def test_a_service_that_is_off_is_not_announced_and_clear_text_is_denied() -> None:
    facts = msgspec.structs.replace(FACTS, ports={"imaps": 993, "submission": 587})
    services = {each.name.partition(".")[0]: each.record for each in wanted(facts) if each.kind is Kind.SERVICE}
    assert "_submissions" not in services
    assert services["_imap"] == Srv(0, 0, 0, "")
    assert services["_submission"] == Srv(10, 1, 587, "mail.example.org")


def test_names_are_within_by_whole_labels() -> None:
    assert is_within("mail.example.org", "example.org")
    assert is_within("example.org", "example.org")
    assert not is_within("badexample.org", "example.org")


def test_reverse_names_of_both_families() -> None:
    names = [each.name for each in wanted(FACTS) if each.kind is Kind.REVERSE]
    assert names[0] == "25.2.0.192.in-addr.arpa"
    assert names[1].endswith(".8.b.d.0.1.0.0.2.ip6.arpa")

"""The rows of RFC 7672 2.1, 2.2 and 3.1, and of RFC 7671 9, as tables."""

from collections.abc import Mapping

import pytest

from skrytka.model.dns import Answer, Status, Tlsa
from skrytka.protocol.mailauth.query import Query, run_with
from skrytka.protocol.tlspolicy.dane import RECORDS_MAX, host_policy, is_usable, record_text, strongest
from skrytka.protocol.tlspolicy.policy import NO_POLICY, HostPolicy, Level, PolicyType

KEY = Tlsa(3, 1, 1, bytes(range(32)))
OTHER = Tlsa(2, 0, 1, bytes(32))
PKIX = Tlsa(0, 0, 1, bytes(32))
ADDRESS = ("192.0.2.1",)
NEXT_HOPS = ("example.org", "expanded.example.net")
RECORDS = Query("_25._tcp.mx.example.net", "TLSA")
ALIASED = Query("_25._tcp.real.example.com", "TLSA")
CNAME = Query("mx.example.net", "CNAME")


def secure(*records: Tlsa | str, canonical: str = "") -> Answer:
    return Answer(Status.NOERROR, records, is_authentic=True, canonical=canonical)


def insecure(*records: Tlsa | str, canonical: str = "") -> Answer:
    return Answer(Status.NOERROR, records, canonical=canonical)


ABSENT = Answer(Status.NXDOMAIN, is_authentic=True)
NO_AAAA = Answer(Status.NODATA, is_authentic=True)
EXPANDED = (secure(*ADDRESS, canonical="real.example.com"),)
LED_OUT = (insecure(*ADDRESS, canonical="real.example.com"),)
SIGNED, UNSIGNED = secure("real.example.com"), insecure("real.example.com")
PROVEN, ENCRYPTED, OPPORTUNISTIC = Level.PROVEN, Level.ENCRYPTED, Level.OPPORTUNISTIC


def find(addresses: tuple[Answer, ...], records: Mapping[Query, Answer | None], port: int = 25) -> HostPolicy | None:
    return run_with(host_policy("mx.example.net", port, NEXT_HOPS, addresses), records)


@pytest.mark.parametrize(
    ("answer", "level"),
    [
        (secure(KEY), PROVEN),  # 2.2: usable
        (secure(PKIX), ENCRYPTED),  # 2.2: all unusable
        (secure(PKIX, KEY), PROVEN),
        (insecure(KEY), OPPORTUNISTIC),  # 2.2: insecure
        (ABSENT, OPPORTUNISTIC),  # 2.2: authenticated denial
        (Answer(Status.NODATA, is_authentic=True), OPPORTUNISTIC),
        (Answer(Status.NXDOMAIN), OPPORTUNISTIC),
        (None, None),  # 2.1.2: bogus, SERVFAIL, time-out
    ],
)
def test_what_a_look_up_of_tlsa_gives_decides(answer: Answer | None, level: Level | None) -> None:
    policy = find((NO_AAAA, secure(*ADDRESS)), {RECORDS: answer})
    assert (policy if policy is None else policy.level) == level


@pytest.mark.parametrize(
    ("addresses", "records", "base"),
    [
        # 2.2.2: without an alias
        ((secure(*ADDRESS),), {RECORDS: secure(KEY)}, "mx.example.net"),
        ((insecure(*ADDRESS),), {RECORDS: secure(KEY)}, None),  # TLSA is not even asked for
        ((secure(*ADDRESS, canonical="mx.example.net"),), {RECORDS: secure(KEY)}, "mx.example.net"),
        # a secure alias: the expanded name first, then the original one
        (EXPANDED, {ALIASED: secure(KEY)}, "real.example.com"),
        (EXPANDED, {RECORDS: secure(KEY)}, "mx.example.net"),
        (EXPANDED, {ALIASED: insecure(KEY), RECORDS: secure(KEY)}, "mx.example.net"),
        (EXPANDED, {ALIASED: secure(KEY), RECORDS: secure(OTHER)}, "real.example.com"),
        (EXPANDED, {}, None),
        # an alias into an unsigned zone: the original name only, if its own zone is signed
        (LED_OUT, {CNAME: SIGNED, RECORDS: secure(KEY)}, "mx.example.net"),
        (LED_OUT, {CNAME: SIGNED, ALIASED: secure(KEY)}, None),
        (LED_OUT, {CNAME: UNSIGNED, RECORDS: secure(KEY)}, None),
    ],
)
def test_the_base_domain(addresses: tuple[Answer, ...], records: dict[Query, Answer | None], base: str | None) -> None:
    policy = find(addresses, records)
    assert policy is not None
    if base is None:
        assert policy == NO_POLICY
        return
    assert (policy.kind, policy.domain) == (PolicyType.TLSA, base)
    assert policy.names == (base, *NEXT_HOPS)  # 3.2.2; the first goes into SNI


@pytest.mark.parametrize(
    "records",
    [
        {CNAME: None},
        {CNAME: SIGNED, RECORDS: None},
    ],
)
def test_a_failure_at_any_stage_is_one_of_the_whole(records: dict[Query, Answer | None]) -> None:
    assert find(LED_OUT, records) is None


def test_a_failure_at_the_expanded_name_is_not_passed_over() -> None:
    assert find(EXPANDED, {ALIASED: None, RECORDS: secure(KEY)}) is None


def test_unsigned_addresses_ask_nothing() -> None:
    """2.2.2: servers of unsigned zones that do not answer TLSA would hold up all mail to them."""
    assert find((insecure(*ADDRESS),), {RECORDS: None}) == NO_POLICY


def test_the_port_is_that_of_the_connection() -> None:
    policy = find((secure(*ADDRESS),), {Query("_2525._tcp.mx.example.net", "TLSA"): secure(KEY)}, port=2525)
    assert policy is not None
    assert policy.records == (KEY,)


def test_a_name_that_is_the_base_and_the_next_hop_stands_once() -> None:
    check = host_policy("example.org", 25, ("example.org",), (secure(*ADDRESS),))
    policy = run_with(check, {Query("_25._tcp.example.org", "TLSA"): secure(KEY)})
    assert policy is not None
    assert policy.names == ("example.org",)
    assert policy.strings == ("3 1 1 " + bytes(range(32)).hex().upper(),)


@pytest.mark.parametrize("usage", [0, 1, 2, 3, 4, 255])
@pytest.mark.parametrize("selector", [0, 1, 2, 255])
@pytest.mark.parametrize("matching", [0, 1, 2, 3, 255])
def test_which_records_are_usable(usage: int, selector: int, matching: int) -> None:
    lengths = {0: 300, 1: 32, 2: 64}
    record = Tlsa(usage, selector, matching, bytes(lengths.get(matching, 32)))
    assert is_usable(record) is (usage in {2, 3} and selector in {0, 1} and matching in {0, 1, 2})


@pytest.mark.parametrize(("matching", "length"), [(0, 0), (1, 31), (1, 33), (1, 64), (2, 32), (2, 0)])
def test_data_of_a_wrong_length_is_unusable(matching: int, length: int) -> None:
    assert not is_usable(Tlsa(3, 1, matching, bytes(length)))


def test_the_strongest_digest_of_each_usage_and_selector_counts() -> None:
    weak, strong, full = Tlsa(3, 1, 1, bytes(32)), Tlsa(3, 1, 2, bytes(64)), Tlsa(3, 1, 0, b"key")
    elsewhere, anchor = Tlsa(3, 0, 1, bytes(32)), Tlsa(2, 1, 1, bytes(32))
    assert strongest([weak, strong, full, elsewhere, anchor, strong]) == [strong, full, elsewhere, anchor]
    assert strongest([weak, full]) == [weak, full]
    assert strongest([]) == []


def test_so_many_records_are_looked_at() -> None:
    many = [Tlsa(3, 1, 1, number.to_bytes(32, "big")) for number in range(RECORDS_MAX + 10)]
    policy = find((secure(*ADDRESS),), {RECORDS: secure(*many)})
    assert policy is not None
    assert (len(policy.records), len(policy.strings)) == (RECORDS_MAX, RECORDS_MAX)


def test_a_record_reads_as_in_a_zone_file() -> None:
    assert record_text(Tlsa(2, 0, 1, b"\xab\xcd")) == "2 0 1 ABCD"

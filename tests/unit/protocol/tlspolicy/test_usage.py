import pytest

from skrytka.protocol.tlspolicy.usage import NAMES_MAX, Grade, Usage, grade_of

NEW = "TLSv1.3 TLS_AES_256_GCM_SHA384"
AGING = "TLSv1.2 ECDHE-RSA-AES128-GCM-SHA256"
WEAK = "TLSv1.2 AES128-SHA"


@pytest.mark.parametrize(
    ("version", "cipher", "grade"),
    [
        ("", "", Grade.CLEAR),
        ("TLSv1.3", "TLS_AES_128_GCM_SHA256", Grade.NEW),
        ("TLSv1.2", "ECDHE-ECDSA-AES256-GCM-SHA384", Grade.AGING),
        ("TLSv1.2", "ECDHE-RSA-CHACHA20-POLY1305", Grade.AGING),
        ("TLSv1.2", "ECDHE-RSA-AES256-SHA384", Grade.WEAK),  # CBC
        ("TLSv1.2", "AES256-GCM-SHA384", Grade.WEAK),  # no forward secrecy
        ("TLSv1.2", "DHE-RSA-AES256-GCM-SHA384", Grade.WEAK),
        ("TLSv1.1", "ECDHE-RSA-AES256-GCM-SHA384", Grade.WEAK),
        ("TLSv1", "ECDHE-RSA-AES128-SHA", Grade.WEAK),
    ],
)
def test_a_session_has_a_grade(version: str, cipher: str, grade: Grade) -> None:
    assert grade_of(version, cipher) is grade


def test_sessions_are_counted_by_service_and_kind() -> None:
    usage = Usage()
    for tls in (NEW, NEW, AGING, "", ""):
        usage.add_session("in", "smtp", tls)
    usage.add_session("out", "outbound", NEW, is_verified=True)
    usage.add_failure("out", "outbound")
    smtp, out = usage.result().services
    assert (smtp.service, smtp.sessions, smtp.encrypted_percent) == ("smtp", 5, 60.0)
    assert smtp.grades == {Grade.NEW: 2, Grade.AGING: 1, Grade.WEAK: 0, Grade.CLEAR: 2}
    assert smtp.kinds == {"": 2, AGING: 1, NEW: 2}
    assert (out.sessions, out.verified, out.failed) == (1, 1, 1)


def test_where_all_failed_nothing_was_encrypted() -> None:
    usage = Usage()
    usage.add_failure("out", "outbound")
    [out] = usage.result().services
    assert (out.sessions, out.encrypted_percent, out.failed) == (0, 0.0, 1)


def test_who_is_behind_is_told_with_the_weakest_first() -> None:
    usage = Usage()
    assert usage.add_peer("in", "smtp", "192.0.2.9", NEW, "2026-11-29") is None
    for peer, tls, at in [("a", AGING, "3"), ("a", AGING, "1"), ("b", WEAK, "2"), ("c", "", "2"), ("d", AGING, "2")]:
        key = usage.add_peer("in", "smtp", peer, tls, at)
        assert key is not None
        usage.name(key, f"{peer}.example")
    peers = usage.result().peers
    assert [(each.peer, each.grade, each.count) for each in peers] == [
        ("c", Grade.CLEAR, 1),
        ("b", Grade.WEAK, 1),
        ("a", Grade.AGING, 2),
        ("d", Grade.AGING, 1),
    ]
    assert (peers[2].last_at, peers[2].names) == ("3", ("a.example",))


def test_strangers_cannot_fill_the_memory() -> None:
    usage = Usage(peers_max=3)
    for number in range(10):
        key = usage.add_peer("in", "smtp", f"192.0.2.{number}", "", "1")
        for name in range(10):
            if key is not None:
                usage.name(key, f"{name}.example")
    found = usage.result()
    assert (len(found.peers), found.others) == (3, 7)
    assert {len(each.names) for each in found.peers} == {NAMES_MAX}

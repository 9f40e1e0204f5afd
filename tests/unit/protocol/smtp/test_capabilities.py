from skrytka.protocol.smtp.capabilities import NO_CAPABILITIES, Capabilities
from skrytka.protocol.smtp.peer_reply import PeerReply


def parse(*lines: str) -> Capabilities:
    return Capabilities.parse(PeerReply(250, "", ("mx.example.test Hello", *lines)))


def test_keywords_are_read_in_any_case() -> None:
    found = parse("pipelining", "SIZE 1000", "8BITMIME", "SMTPUTF8", "CHUNKING", "BINARYMIME", "DSN", "STARTTLS")
    assert found == Capabilities(
        is_pipelining=True,
        has_size=True,
        size_bytes=1000,
        is_8bit=True,
        is_smtputf8=True,
        is_chunking=True,
        is_binary=True,
        is_dsn=True,
        is_starttls=True,
    )


def test_mechanisms_and_limits_are_read() -> None:
    found = parse("AUTH PLAIN login", "LIMITS RCPTMAX=20 MAILMAX=5 OTHER")
    assert found.mechanisms == {"PLAIN", "LOGIN"}
    assert (found.recipients_max, found.messages_max) == (20, 5)


def test_binarymime_without_chunking_is_not_there() -> None:
    assert not parse("BINARYMIME").is_binary


def test_delivery_in_time_and_priorities_are_read() -> None:
    found = parse("DELIVERBY 240,other", "MT-PRIORITY STANAG4406")
    assert (found.is_deliver_by, found.deliver_by_min_s, found.is_priority) == (True, 240, True)
    assert [found.can_deliver_by(seconds) for seconds in (239, 240)] == [False, True]
    bare = parse("DELIVERBY", "mt-priority")
    assert (bare.is_deliver_by, bare.deliver_by_min_s, bare.is_priority) == (True, 0, True)
    assert [bare.can_deliver_by(seconds) for seconds in (0, 1)] == [False, True]
    assert not parse("SIZE").can_deliver_by(1000)


def test_nonsense_is_not_there() -> None:
    assert parse("", "SIZE x", "LIMITS RCPTMAX=x") == Capabilities(has_size=True)
    assert parse("SIZE " + "9" * 30).size_bytes == 0
    assert parse() == NO_CAPABILITIES

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


def test_nonsense_is_not_there() -> None:
    assert parse("", "SIZE x", "LIMITS RCPTMAX=x") == Capabilities(has_size=True)
    assert parse("SIZE " + "9" * 30).size_bytes == 0
    assert parse() == NO_CAPABILITIES

from skrytka.model import reply as replies
from skrytka.model.envelope import BodyType
from skrytka.model.limits import SmtpLimits
from skrytka.protocol.smtp.events import BodyChunk, BodyDropped
from skrytka.protocol.smtp.lines import Input
from skrytka.protocol.smtp.receiver import SWALLOW_BYTES, MessageReceiver


def source(data: bytes) -> Input:
    source = Input()
    source.feed(data)
    return source


def receiver(body_type: BodyType = BodyType.SEVEN_BIT, message_bytes: int = 1000) -> MessageReceiver:
    return MessageReceiver(SmtpLimits(message_bytes=message_bytes), body_type, is_8bit_accepted=True)


def test_data_hands_out_octets_and_leaves_what_follows() -> None:
    message, rest = receiver(), source(b"..a\r\n.\r\nQUIT\r\n")
    message.begin_data()
    assert message.take(rest) == BodyChunk(b".a\r\n")
    assert message.is_complete
    assert message.refusal is None
    assert message.total == 4
    assert rest.take_all() == b"QUIT\r\n"


def test_a_chunk_takes_its_octets_only() -> None:
    message, rest = receiver(), source(b"abcNOOP\r\n")
    message.begin_chunk(3, is_last=False)
    assert message.take(rest) == BodyChunk(b"abc")
    assert message.is_complete
    assert not message.is_last
    assert rest.take_all() == b"NOOP\r\n"


def test_a_crlf_may_be_cut_by_two_chunks_but_not_by_the_end() -> None:
    for second, refusal in ((b"\n", None), (b"x", replies.BARE_NEWLINE_DATA)):
        message = receiver()
        message.begin_chunk(2, is_last=False)
        message.take(source(b"a\r"))
        assert message.refusal is None
        message.begin_chunk(1, is_last=True)
        message.take(source(second))
        assert message.refusal == refusal


def test_an_empty_last_chunk_is_complete_at_once() -> None:
    message = receiver()
    message.begin_chunk(2, is_last=False)
    message.take(source(b"a\r"))
    message.begin_chunk(0, is_last=True)
    assert message.is_complete
    assert message.refusal == replies.BARE_NEWLINE_DATA


def test_a_refused_message_is_swallowed_to_a_bound() -> None:
    message = receiver(message_bytes=2)
    message.begin_data()
    assert message.take(source(b"abcd")) == BodyDropped(4)
    assert not message.is_endless
    message.take(source(b"x" * SWALLOW_BYTES))
    assert message.is_endless


def test_a_chunk_larger_than_the_bound_is_known_before_it_comes() -> None:
    message = receiver(message_bytes=10)
    assert message.may_begin(10 + SWALLOW_BYTES)
    assert not message.may_begin(11 + SWALLOW_BYTES)


def test_nothing_of_a_chunk_announced_too_large_is_handed_out() -> None:
    message = receiver(message_bytes=10)
    message.begin_chunk(11, is_last=True)
    assert message.take(source(b"a")) == BodyDropped(1)


def test_binarymime_passes_line_ends_as_data() -> None:
    message = receiver(BodyType.BINARY)
    message.begin_chunk(4, is_last=True)
    assert message.take(source(b"\n\r\n\r")) == BodyChunk(b"\n\r\n\r")
    assert message.refusal is None

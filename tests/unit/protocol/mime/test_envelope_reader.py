"""protocol/mime/envelope_reader.py."""

import msgspec

from skrytka.protocol.mime.envelope import Envelope, RawAddress
from skrytka.protocol.mime.envelope_reader import read_envelope

ANNA = RawAddress(b"Anna", None, b"anna", b"example.org")


def test_sender_and_reply_to_are_from_when_absent_or_empty() -> None:
    found = read_envelope({b"from": b"Anna <anna@example.org>", b"sender": b"  "})
    assert (found.from_, found.sender, found.reply_to) == ((ANNA,), (ANNA,), (ANNA,))
    assert (found.to, found.subject) == ((), None)


def test_a_long_list_is_cut_where_it_is_said() -> None:
    found = read_envelope({b"to": b"a@b," * 100}, addresses_max=3)
    assert len(found.to) == 3
    assert len(read_envelope({b"to": b"a@b," * 100}).to) == 100


def test_an_envelope_travels() -> None:
    found = read_envelope({b"from": b"Anna <anna@example.org>", b"subject": b"=?utf-8?q?=C5=BC?="})
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(found), type=Envelope) == found

"""The client's engine: one operation after another on a connection; octets in, messages out."""

from typing import Final

from skrytka.model.engine import NEED_DATA, Engine, Signal, TlsFacts
from skrytka.model.errors import RemoteProtocolError
from skrytka.protocol.ldap import ber
from skrytka.protocol.ldap.ber import Element
from skrytka.protocol.ldap.messages import Message, parse_message

MESSAGE_MAX: Final = 1024 * 1024  # whoever is in 5,000 groups has 750 KB; people may write attributes without end
ANSWER_MAX: Final = 64 * 1024 * 1024  # all messages of one operation: a page of people has some megabytes


class LdapClient(Engine[Message]):
    """What belongs to another operation than the one under way is an error: nothing else was asked."""

    def __init__(self) -> None:
        self._data = bytearray()
        self._number = 0
        self._octets = 0  # of the operation that is under way
        self._is_eof = False

    def next_number(self) -> int:
        """For the operation that is asked next."""
        self._number += 1
        self._octets = 0
        return self._number

    @property
    def is_eof(self) -> bool:
        return self._is_eof

    def receive(self, data: bytes) -> None:
        self._is_eof = self._is_eof or not data
        self._data += data

    def tls_started(self, tls: TlsFacts) -> None:
        """What came in clear behind the answer to StartTLS is nobody's (RFC 4511 4.14.1)."""
        self._data.clear()

    def next_event(self) -> Message | Signal:
        place = ber.head(bytes(self._data[:6]))
        if place is None:
            return self._wait()
        begin, end = place
        if end > MESSAGE_MAX or self._octets + end > ANSWER_MAX:
            raise RemoteProtocolError("a message that is too long, or too many of them")
        if len(self._data) < end:
            return self._wait()
        self._octets += end
        element = Element(self._data[0], bytes(self._data[begin:end]))
        del self._data[:end]
        message = parse_message(element)
        if message.number != self._number:
            raise RemoteProtocolError("an answer to nothing that was asked")
        return message

    def _wait(self) -> Signal:
        if self._is_eof:
            raise RemoteProtocolError("the server has gone")
        return NEED_DATA

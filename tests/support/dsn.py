"""Reports taken apart, octet by octet, without a parser that forgives."""

import base64
import re
from typing import NamedTuple


class Dsn(NamedTuple):
    """The parts of a report."""

    header: str
    text: str
    status_type: str
    status: str
    returned_type: str
    returned: bytes

    @property
    def action(self) -> str:
        return self.field("Action")

    @property
    def envid(self) -> str:
        return self.field("Original-Envelope-Id")

    def field(self, name: str) -> str:
        """Of the status part; "" when it is not there. A second one is an error."""
        found = re.findall(rf"^{name}: (.*)$", self.status.replace("\r\n", "\n"), re.MULTILINE)
        assert len(found) <= 1, self.status
        return found[0] if found else ""


def taken_apart(message: bytes) -> Dsn:
    """Exactly what ``skrytka.protocol.reports.dsn`` is to write, or AssertionError."""
    header, _, body = message.partition(b"\r\n\r\n")
    boundary = re.search(rb'boundary="([^"]+)"', header)
    assert boundary is not None, message
    empty, *parts, end = (b"\r\n" + body).split(b"\r\n--" + boundary[1])
    assert (empty, end) == (b"", b"--\r\n"), message
    assert len(parts) == 3, message
    text, status, returned = (_part(part) for part in parts)
    return Dsn(header.decode(), text[1].decode(), status[0], status[1].decode(), *returned)


def _part(raw: bytes) -> tuple[str, bytes]:
    head, _, body = raw.removeprefix(b"\r\n").partition(b"\r\n\r\n")
    fields = dict(line.split(": ", 1) for line in head.decode().split("\r\n"))
    if fields.get("Content-Transfer-Encoding") == "base64":
        body = base64.b64decode(body)
    return fields["Content-Type"], body


def reports(messages: list[bytes]) -> list[Dsn]:
    """Those of an INBOX that are reports."""
    return [taken_apart(message) for message in messages if b"\r\nContent-Type: multipart/report;" in message]

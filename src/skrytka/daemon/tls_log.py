"""The TLS of sessions as the event log has it, for ``skrytka tls report``: read in the command's own process.

A client is known by its address: of mail on port 25 with its HELO name, elsewhere with the accounts that it logged in
to. What was erased from the log is nobody's.
"""

import contextlib
import datetime as dt
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

from skrytka.model.errors import UNREADABLE
from skrytka.model.events import LoginSucceeded, MessageReceived, OutboundTls, SessionClosed, SessionOpened
from skrytka.protocol.tlspolicy.usage import PeerKey, TlsUse, Usage
from skrytka.store.events.files import event_files
from skrytka.store.events.line import header_fields, kind_name, parse, personal_fields

OPEN_MAX: Final = 200_000  # sessions whose end, or whose login, is looked for
SMTP: Final = "smtp"
OUTBOUND: Final = "outbound"
_LOGIN: Final = kind_name(LoginSucceeded)

Fields = dict[str, Any]


def tls_use(folder: Path, first_day: dt.date) -> TlsUse:
    """All sessions since that day."""
    paths = [path for path in event_files(folder) if path.parent.name >= first_day.isoformat()]
    reading = _Reading()
    for path in paths:
        if path.stem == "mail":
            for fields in _events(path, tuple(reading.takers)):
                with contextlib.suppress(KeyError, TypeError, AttributeError):  # of another version
                    reading.takers[fields["kind"]](fields)
    for path in paths:
        if path.stem == "auth" and reading.nameless:
            for fields in _events(path, (_LOGIN,)):
                reading.take_login(fields)
    return reading.usage.result()


class _Reading:
    """What an event needs of those before it."""

    def __init__(self) -> None:
        self.usage = Usage()
        self.nameless: dict[str, PeerKey] = {}  # trace of a session -> whose name a login may tell
        self._remotes: dict[str, str] = {}  # trace -> address, of sessions that are open
        self.takers: Final[dict[str, Callable[[Fields], None]]] = {
            kind_name(SessionOpened): self._opened,
            kind_name(SessionClosed): self._closed,
            kind_name(MessageReceived): self._received,
            kind_name(OutboundTls): self._sent,
        }

    def _opened(self, fields: Fields) -> None:
        if len(self._remotes) < OPEN_MAX:
            self._remotes[fields["trace"]] = fields.get("remote", "")

    def take_login(self, fields: Fields) -> None:
        key = self.nameless.get(fields.get("trace", ""))
        if key is not None:
            self.usage.name(key, fields.get("account_name", ""))

    def _closed(self, fields: Fields) -> None:
        """Who comes in clear and sends nothing is counted, not named: anybody may knock at port 25."""
        trace, service, tls = fields.get("trace", ""), fields["service"], fields["tls"]
        remote = self._remotes.pop(trace, "")
        if fields["cause"] == "refused":
            return
        self.usage.add_session("in", service, tls)
        if service == SMTP or not tls:
            return
        key = self.usage.add_peer("in", service, remote, tls, fields["at"])
        if key is not None and len(self.nameless) < OPEN_MAX:
            self.nameless[trace] = key

    def _received(self, fields: Fields) -> None:
        """RFC 3848: the A of ESMTPSA is a login, so that was submission."""
        if fields["protocol"].endswith("A"):
            return
        key = self.usage.add_peer("in", SMTP, fields.get("remote", ""), fields["tls"], fields["at"])
        if key is not None:
            self.usage.name(key, fields.get("helo", ""))

    def _sent(self, fields: Fields) -> None:
        """A session that failed for its TLS has sent nothing, unless nobody minded."""
        if fields["result"] and not (fields["version"] or fields.get("is_clear")):
            self.usage.add_failure("out", OUTBOUND)
            return
        tls = f"{fields['version']} {fields['cipher']} {fields.get('group', '')}".strip()
        self.usage.add_session("out", OUTBOUND, tls, is_verified=fields["is_verified"])
        key = self.usage.add_peer("out", OUTBOUND, fields["host"], tls, fields["at"])
        if key is not None:
            self.usage.name(key, fields["domain"])


def _events(path: Path, kinds: tuple[str, ...]) -> Iterator[Fields]:
    """Events of these kinds with both their parts; the other lines are not looked at."""
    mark = re.compile(rb'"kind":"(?:%b)"' % b"|".join(kind.encode() for kind in kinds))
    with path.open("rb") as file:
        for raw in file:
            if not mark.search(raw) or not raw.endswith(b"\n"):
                continue
            try:
                line, header = parse(raw)
                if header.kind in kinds:
                    yield header_fields(line) | personal_fields(line)
            except UNREADABLE:  # `events verify` tells of it
                continue

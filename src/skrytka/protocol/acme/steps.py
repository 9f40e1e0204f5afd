"""What a client of an authority wants done, one thing after another, and what it takes for an answer."""

from collections.abc import Generator
from enum import StrEnum
from typing import Any, TypeAlias, TypeVar

import msgspec

from skrytka.model.errors import Reason, TransientError
from skrytka.model.secret import Secret

DETAIL_MAX = 400  # characters of what an authority says that are kept


class Kind(StrEnum):
    """How it is shown that a name is ours."""

    HTTP = "http-01"  # RFC 8555 8.3
    ALPN = "tls-alpn-01"  # RFC 8737
    DNS = "dns-01"  # RFC 8555 8.4


class Call(msgspec.Struct, frozen=True):
    """A request; sent back is a ``protocol.http.client.Received``. A body is ``application/jose+json``."""

    method: str
    url: str
    body: bytes | None = None


class Publish(msgspec.Struct, frozen=True):
    """Let the authority find this until the last step is taken; sent back is nothing."""

    kind: Kind
    name: str  # without ``*.``
    token: str
    key_authorization: str


class Pause(msgspec.Struct, frozen=True):
    """Let time pass."""

    seconds: float


Step = Call | Publish | Pause
T = TypeVar("T")
Steps: TypeAlias = Generator[Step, Any, T]


class Authority(msgspec.Struct, frozen=True):
    """Who is asked, and what he knows us by."""

    directory: str  # URL
    contacts: tuple[str, ...] = ()
    eab_kid: str = ""
    eab_key: Secret | None = None


class AuthorityError(TransientError):
    """The authority refuses, or cannot be understood; ``retry_after_s`` is what it asks us to wait, 0 if nothing."""

    def __init__(self, detail: str, *, reason: Reason = Reason.NOT_PERMITTED, retry_after_s: float = 0.0) -> None:
        super().__init__(reason, "".join(char for char in detail if char.isprintable())[:DETAIL_MAX])
        self.retry_after_s = retry_after_s

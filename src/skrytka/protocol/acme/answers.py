"""What an authority answers, as types; all that is not named here is passed over."""

from typing import Any, TypeVar

import msgspec

from skrytka.model.errors import UNREADABLE
from skrytka.protocol.acme.steps import AuthorityError

T = TypeVar("T")
NAMES_MAX = 100


class _Answer(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    pass


class Meta(_Answer, frozen=True, kw_only=True):
    """RFC 8555 7.1.1."""

    caa_identities: tuple[str, ...] = ()


class Directory(_Answer, frozen=True, kw_only=True):
    """RFC 8555 7.1.1, RFC 9773 3."""

    new_nonce: str
    new_account: str
    new_order: str
    renewal_info: str = ""
    meta: Meta = Meta()


class Problem(_Answer, frozen=True, kw_only=True):
    """RFC 8555 6.7, RFC 7807."""

    type: str = ""
    detail: str = ""
    subproblems: tuple[Any, ...] = ()

    def __str__(self) -> str:
        return f"{self.type.rpartition(':')[2]}: {self.detail}"


class Order(_Answer, frozen=True, kw_only=True):
    """RFC 8555 7.1.3."""

    status: str
    finalize: str
    authorizations: tuple[str, ...]
    certificate: str = ""
    error: Problem | None = None


class Challenge(_Answer, frozen=True, kw_only=True):
    """RFC 8555 8."""

    type: str
    url: str
    status: str = ""
    token: str = ""
    error: Problem | None = None


class Identifier(_Answer, frozen=True, kw_only=True):
    """RFC 8555 7.1.4."""

    value: str


class Authorization(_Answer, frozen=True, kw_only=True):
    """RFC 8555 7.1.4."""

    status: str
    identifier: Identifier
    challenges: tuple[Challenge, ...] = ()

    @property
    def failure(self) -> str:
        """Why it is invalid, as the authority saw it."""
        said = [str(one.error) for one in self.challenges if one.error is not None]
        return f"{self.identifier.value}: {'; '.join(said) or self.status}"


def decode(body: bytes, kind: type[T]) -> T:
    """AuthorityError when it is something else."""
    try:
        return msgspec.json.decode(body, type=kind)
    except UNREADABLE as exc:
        raise AuthorityError(f"no {kind.__name__}: {exc}") from exc

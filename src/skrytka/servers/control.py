"""The control socket: what the CLI asks of a running server.

A frame (``model.framing``) of JSON each way. Request: ``{"command": "account.add", "args": {...}}``. Answers: any
number of ``{"progress": "text"}``, then one ``{"ok": true, "result": ...}`` or ``{"ok": false, "error": reason,
"detail": what went wrong, "mend": what to do}``. Several requests may follow each other on one connection. Who is at
the other end was proven by peer credentials before a session begins; he is the ``actor`` of the events. A bug is
answered ``"error": "bug"`` without its text, ends the connection and is raised for the composition to record.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal, Protocol

import msgspec

from skrytka.mail.admin.admin import Admin
from skrytka.mail.admin.queue import Wanted
from skrytka.mail.admin.types import DnsPlan
from skrytka.model.errors import UNREADABLE, PermanentError, Reason, ReasonedError, RemoteProtocolError, TransientError
from skrytka.model.framing import FrameReader, frame
from skrytka.model.secret import Secret

REQUEST_MAX_BYTES: Final = 1024 * 1024
IDLE_S: Final = 600.0  # a person may think between two commands
READ_BYTES: Final = 64 * 1024

Progress = Callable[[str], Awaitable[None]]


class Request(msgspec.Struct, frozen=True):
    """One command; ``args`` are decoded by the command's own type."""

    command: str
    args: msgspec.Raw = msgspec.Raw(b"{}")


class Answer(msgspec.Struct, frozen=True, omit_defaults=True):
    """The last frame of a command."""

    ok: bool
    result: Any = None
    error: str = ""  # a Reason's value
    detail: str = ""
    mend: str = ""


class _Progress(msgspec.Struct, frozen=True):
    progress: str


class Check(Protocol):
    """``store check``: recompute what is counted, and say what differs."""

    async def __call__(self, progress: Progress) -> object: ...


class Trace(Protocol):
    """``trace``: the events of a trace id or an address, in order of time."""

    async def __call__(self, what: str) -> object: ...


class Certificates(Protocol):
    """``cert``: what is served and ordered."""

    async def list(self) -> object: ...

    async def renew(self, name: str, tell: Progress, *, is_rolling: bool = False) -> object:
        """Order anew now; with the next key or not at all if ``is_rolling``."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlDeps:
    """What commands work on; made by the composition root."""

    admin: Admin
    check: Check | None = None
    trace: Trace | None = None
    certificates: Certificates | None = None


class Args(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of all arguments; a field that is not known is an error."""


class NoArgs(Args, frozen=True, kw_only=True):
    """Nothing to say."""


class DomainArgs(Args, frozen=True, kw_only=True):
    domain: str


class PublishArgs(Args, frozen=True, kw_only=True):
    domain: str
    plan: DnsPlan  # as it was shown and confirmed


class AddressArgs(Args, frozen=True, kw_only=True):
    address: str


class AccountAddArgs(Args, frozen=True, kw_only=True):
    address: str
    password: Secret
    quota_bytes: Annotated[int, msgspec.Meta(ge=0)] | None = None
    is_admin: bool = False
    services: tuple[str, ...] | None = None


class PasswordArgs(Args, frozen=True, kw_only=True):
    address: str
    password: Secret


class QuotaArgs(Args, frozen=True, kw_only=True):
    address: str
    quota_bytes: Annotated[int, msgspec.Meta(ge=0)]


class TraceArgs(Args, frozen=True, kw_only=True):
    what: str  # an address or a trace id


class QueueArgs(Args, frozen=True, kw_only=True):
    """As ``mail.admin.queue.Wanted``."""

    id: str = "all"
    sender: str = ""
    recipient: str = ""
    domain: str = ""
    state: Literal["", "waiting", "held", "scheduled"] = ""

    @property
    def wanted(self) -> Wanted:
        return Wanted(id=self.id, sender=self.sender, recipient=self.recipient, domain=self.domain, state=self.state)


class OptionalDomainArgs(Args, frozen=True, kw_only=True):
    domain: str | None = None


class DkimKeyArgs(Args, frozen=True, kw_only=True):
    domain: str
    selector: str


class CertificateArgs(Args, frozen=True, kw_only=True):
    name: str = ""  # of one certificate; "" for all


class AliasAddArgs(Args, frozen=True, kw_only=True):
    address: str
    targets: tuple[str, ...]


Run = Callable[[ControlDeps, Any, str, Progress], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Command:
    """One row of the table."""

    args: type[Args]
    run: Run


async def _account_add(deps: ControlDeps, args: AccountAddArgs, actor: str, _progress: Progress) -> object:
    return await deps.admin.accounts.add(
        args.address,
        args.password,
        actor,
        quota_bytes=args.quota_bytes,
        is_admin=args.is_admin,
        services=args.services,
    )


async def _check(deps: ControlDeps, _args: NoArgs, _actor: str, progress: Progress) -> object:
    if deps.check is None:
        raise PermanentError(Reason.UNSUPPORTED, "this process cannot check the store")
    return await deps.check(progress)


async def _trace(deps: ControlDeps, args: TraceArgs, _actor: str, _progress: Progress) -> object:
    if deps.trace is None:
        raise PermanentError(Reason.UNSUPPORTED, "this process cannot read the event log")
    return await deps.trace(args.what)


def _certificates(deps: ControlDeps) -> Certificates:
    if deps.certificates is None:
        raise PermanentError(Reason.UNSUPPORTED, "only a running server orders certificates: start it first")
    return deps.certificates


async def _cert_list(deps: ControlDeps, _args: NoArgs, _actor: str, _progress: Progress) -> object:
    return await _certificates(deps).list()


async def _cert_renew(deps: ControlDeps, args: CertificateArgs, _actor: str, progress: Progress) -> object:
    return await _certificates(deps).renew(args.name, progress)


async def _cert_rollover(deps: ControlDeps, args: CertificateArgs, _actor: str, progress: Progress) -> object:
    return await _certificates(deps).renew(args.name, progress, is_rolling=True)


async def _ping(_deps: ControlDeps, _args: NoArgs, _actor: str, _progress: Progress) -> object:
    return "ready"


COMMANDS: Final[dict[str, Command]] = {
    "ping": Command(NoArgs, _ping),
    "domain.add": Command(DomainArgs, lambda deps, args, actor, _: deps.admin.domains.add(args.domain, actor)),
    "domain.list": Command(NoArgs, lambda deps, _args, _actor, _: deps.admin.domains.list()),
    "domain.remove": Command(DomainArgs, lambda deps, args, actor, _: deps.admin.domains.remove(args.domain, actor)),
    "dns.records": Command(DomainArgs, lambda deps, args, _actor, _: deps.admin.dns.records(args.domain)),
    "dns.plan": Command(DomainArgs, lambda deps, args, _actor, _: deps.admin.publishing.plan(args.domain)),
    "dns.publish": Command(
        PublishArgs, lambda deps, args, actor, _: deps.admin.publishing.publish(args.domain, args.plan, actor)
    ),
    "dns.look": Command(DomainArgs, lambda deps, args, _actor, _: deps.admin.dns.look(args.domain)),
    "account.add": Command(AccountAddArgs, _account_add),
    "account.list": Command(OptionalDomainArgs, lambda deps, args, _actor, _: deps.admin.accounts.list(args.domain)),
    "account.password": Command(
        PasswordArgs,
        lambda deps, args, actor, _: deps.admin.accounts.set_password(args.address, args.password, actor),
    ),
    "account.quota": Command(
        QuotaArgs, lambda deps, args, actor, _: deps.admin.accounts.set_quota(args.address, args.quota_bytes, actor)
    ),
    "account.suspend": Command(
        AddressArgs, lambda deps, args, actor, _: deps.admin.accounts.suspend(args.address, actor)
    ),
    "account.resume": Command(
        AddressArgs, lambda deps, args, actor, _: deps.admin.accounts.resume(args.address, actor)
    ),
    "account.remove": Command(
        AddressArgs, lambda deps, args, actor, _: deps.admin.accounts.remove(args.address, actor)
    ),
    "alias.add": Command(
        AliasAddArgs, lambda deps, args, actor, _: deps.admin.aliases.add(args.address, args.targets, actor)
    ),
    "alias.set": Command(
        AliasAddArgs, lambda deps, args, actor, _: deps.admin.aliases.set(args.address, args.targets, actor)
    ),
    "alias.list": Command(NoArgs, lambda deps, _args, _actor, _: deps.admin.aliases.list()),
    "alias.remove": Command(AddressArgs, lambda deps, args, actor, _: deps.admin.aliases.remove(args.address, actor)),
    "dkim.list": Command(OptionalDomainArgs, lambda deps, args, _actor, _: deps.admin.dkim.list(args.domain)),
    "dkim.show": Command(DomainArgs, lambda deps, args, _actor, _: deps.admin.dkim.show(args.domain)),
    "dkim.check": Command(OptionalDomainArgs, lambda deps, args, actor, _: deps.admin.dkim.check(args.domain, actor)),
    "dkim.rotate": Command(DomainArgs, lambda deps, args, actor, _: deps.admin.dkim.rotate(args.domain, actor)),
    "dkim.use": Command(
        DkimKeyArgs, lambda deps, args, actor, _: deps.admin.dkim.use(args.domain, args.selector, actor)
    ),
    "dkim.revoke": Command(
        DkimKeyArgs, lambda deps, args, actor, _: deps.admin.dkim.revoke(args.domain, args.selector, actor)
    ),
    "queue.list": Command(QueueArgs, lambda deps, args, _actor, _: deps.admin.queue.list(args.wanted)),
    "queue.retry": Command(QueueArgs, lambda deps, args, actor, _: deps.admin.queue.retry(args.wanted, actor)),
    "queue.hold": Command(QueueArgs, lambda deps, args, actor, _: deps.admin.queue.hold(args.wanted, actor)),
    "queue.release": Command(QueueArgs, lambda deps, args, actor, _: deps.admin.queue.release(args.wanted, actor)),
    "queue.remove": Command(QueueArgs, lambda deps, args, actor, _: deps.admin.queue.remove(args.wanted, actor)),
    "store.check": Command(NoArgs, _check),
    "cert.list": Command(NoArgs, _cert_list),
    "cert.renew": Command(CertificateArgs, _cert_renew),
    "cert.rollover": Command(CertificateArgs, _cert_rollover),
    "trace": Command(TraceArgs, _trace),
}

MENDS: Final[dict[Reason, str]] = {
    Reason.BAD_SYNTAX: "correct the argument and try again",
    Reason.NO_SUCH_DOMAIN: "see `skrytka domain list`; add it with `skrytka domain add`",
    Reason.NO_SUCH_USER: "see `skrytka account list` and `skrytka alias list`",
    Reason.NO_SUCH_OBJECT: "see `skrytka alias list` and `skrytka queue list`",
    Reason.ALREADY_EXISTS: "choose another name, or remove what is there first",
    Reason.STORE_BUSY: "try again in a moment",
    Reason.STORE_DOWN: "try again in a moment; if it stays so, look at the event log for store faults",
    Reason.DISK_FULL: "make room on the disk of the data folder",
    Reason.KEY_UNAVAILABLE: "look at the key ring: its disk, its rights and keys/master.key",
    Reason.CORRUPT: "run `skrytka store check`",
}


BUG: Final = Answer(
    ok=False, error=Reason.BUG.value, detail="an error inside the server, which is in the event log", mend="report it"
)


async def run_command(deps: ControlDeps, request: bytes, actor: str, progress: Progress) -> Answer:
    """One request as it came, answered; raises nothing but bugs. The CLI calls it itself when the server is stopped."""
    try:
        asked = msgspec.json.decode(request, type=Request)
        command = COMMANDS.get(asked.command)
        if command is None:
            raise PermanentError(Reason.UNSUPPORTED, f"there is no command {asked.command!r}")
        args = msgspec.json.decode(asked.args, type=command.args, dec_hook=_secret)
        return Answer(ok=True, result=await command.run(deps, args, actor, progress))
    except UNREADABLE as exc:
        return Answer(ok=False, error=Reason.BAD_SYNTAX.value, detail=str(exc), mend=MENDS[Reason.BAD_SYNTAX])
    except (PermanentError, TransientError) as exc:
        return refusal(exc)


def refusal(error: ReasonedError) -> Answer:
    """An error as the administrator reads it."""
    detail = error.detail or error.reason.value.replace("_", " ")
    return Answer(ok=False, error=error.reason.value, detail=detail, mend=MENDS.get(error.reason, ""))


async def serve_control(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, deps: ControlDeps, actor: str
) -> None:
    """Answer until the peer leaves, is silent for ten minutes, or breaks the framing."""

    async def progress(text: str) -> None:
        writer.write(frame(msgspec.json.encode(_Progress(text))))
        await writer.drain()

    try:
        async for request in _requests(reader):
            try:
                answer = await run_command(deps, request, actor, progress)
            except Exception:
                writer.write(frame(msgspec.json.encode(BUG)))
                await writer.drain()
                raise
            writer.write(frame(msgspec.json.encode(answer)))
            await writer.drain()
    except (TimeoutError, ConnectionError, RemoteProtocolError):
        pass  # nobody is there to hear it
    finally:
        writer.close()


async def _requests(reader: asyncio.StreamReader) -> AsyncIterator[bytes]:
    frames = FrameReader(REQUEST_MAX_BYTES)
    while True:
        async with asyncio.timeout(IDLE_S):
            data = await reader.read(READ_BYTES)
        if not data:
            return
        for payload in frames.feed(data):
            yield payload


def _secret(kind: type, value: object) -> object:
    """Passwords become Secret as they are decoded, so that no struct prints them."""
    if kind is Secret and isinstance(value, str):
        return Secret(value)
    raise ValueError(f"not a {kind.__name__}")

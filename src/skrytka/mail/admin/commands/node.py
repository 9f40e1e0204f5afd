"""What concerns the server as a whole: the queue, traces, the store, certificates."""

from typing import Any, Final, Literal

from skrytka.mail.admin.base import parse_address
from skrytka.mail.admin.commands.base import (
    NODE,
    Args,
    Certificates,
    Command,
    CommandDeps,
    NoArgs,
    Progress,
    Route,
    Scope,
    on_node,
)
from skrytka.mail.admin.queue import QueueDone, QueueInfo, Wanted
from skrytka.mail.identity.permissions import Permission
from skrytka.model.actor import Actor
from skrytka.model.errors import PermanentError, Reason
from skrytka.model.settings import Settings
from skrytka.store.check import Report
from skrytka.store.events.index import FoundEvent


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


class CertificateArgs(Args, frozen=True, kw_only=True):
    name: str = ""  # of one certificate; "" for all


async def _check(deps: CommandDeps, _args: NoArgs, _actor: Actor, progress: Progress) -> object:
    if deps.check is None:
        raise PermanentError(Reason.UNSUPPORTED, "this process cannot check the store")
    return await deps.check(progress)


async def _trace(deps: CommandDeps, args: TraceArgs, _actor: Actor, _progress: Progress) -> object:
    if deps.trace is None:
        raise PermanentError(Reason.UNSUPPORTED, "this process cannot read the event log")
    return await deps.trace(args.what)


def _of_trace(args: Any) -> Scope:
    """An address is its domain's affair; a trace id may concern anybody's mail."""
    return Scope(parse_address(args.what).domain.name) if "@" in args.what else NODE


def _certificates(deps: CommandDeps) -> Certificates:
    if deps.certificates is None:
        raise PermanentError(Reason.UNSUPPORTED, "only a running server orders certificates: start it first")
    return deps.certificates


async def _cert_list(deps: CommandDeps, _args: NoArgs, _actor: Actor, _progress: Progress) -> object:
    return await _certificates(deps).list()


async def _cert_renew(deps: CommandDeps, args: CertificateArgs, _actor: Actor, progress: Progress) -> object:
    return await _certificates(deps).renew(args.name, progress)


async def _cert_rollover(deps: CommandDeps, args: CertificateArgs, _actor: Actor, progress: Progress) -> object:
    return await _certificates(deps).renew(args.name, progress, is_rolling=True)


async def _settings(deps: CommandDeps, _args: NoArgs, _actor: Actor, _progress: Progress) -> object:
    if deps.settings is None:
        raise PermanentError(Reason.UNSUPPORTED, "only a running server tells its settings: see `skrytka config`")
    return deps.settings()


async def _ping(_deps: CommandDeps, _args: NoArgs, _actor: Actor, _progress: Progress) -> object:
    return "ready"


NODE_COMMANDS: Final[dict[str, Command]] = {
    "ping": Command(
        args=NoArgs, result=str, permission=Permission.PING, scope=on_node, run=_ping, route=Route("GET", "/ping")
    ),
    "queue.list": Command(
        args=QueueArgs,
        result=list[QueueInfo],
        permission=Permission.QUEUE_READ,
        scope=on_node,
        run=lambda deps, args, _actor, _: deps.admin.queue.list(args.wanted),
        route=Route("GET", "/queue"),
    ),
    "queue.retry": Command(
        args=QueueArgs,
        result=QueueDone,
        permission=Permission.QUEUE_WRITE,
        scope=on_node,
        run=lambda deps, args, actor, _: deps.admin.queue.retry(args.wanted, actor.name),
        route=Route("POST", "/queue/retry"),
    ),
    "queue.hold": Command(
        args=QueueArgs,
        result=QueueDone,
        permission=Permission.QUEUE_WRITE,
        scope=on_node,
        run=lambda deps, args, actor, _: deps.admin.queue.hold(args.wanted, actor.name),
        route=Route("POST", "/queue/hold"),
    ),
    "queue.release": Command(
        args=QueueArgs,
        result=QueueDone,
        permission=Permission.QUEUE_WRITE,
        scope=on_node,
        run=lambda deps, args, actor, _: deps.admin.queue.release(args.wanted, actor.name),
        route=Route("POST", "/queue/release"),
    ),
    "queue.remove": Command(
        args=QueueArgs,
        result=QueueDone,
        permission=Permission.QUEUE_WRITE,
        scope=on_node,
        is_dangerous=True,
        run=lambda deps, args, actor, _: deps.admin.queue.remove(args.wanted, actor.name),
        route=Route("POST", "/queue/remove"),
    ),
    "trace": Command(
        args=TraceArgs,
        result=list[FoundEvent],
        permission=Permission.TRACE_READ,
        scope=_of_trace,
        run=_trace,
        route=Route("GET", "/trace"),
    ),
    "store.check": Command(
        args=NoArgs,
        result=Report,
        permission=Permission.STORE_CHECK,
        scope=on_node,
        run=_check,
        route=Route("POST", "/store/check"),
        is_slow=True,
    ),
    "settings.show": Command(
        args=NoArgs,
        result=Settings,
        permission=Permission.SETTINGS_READ,
        scope=on_node,
        run=_settings,
        route=Route("GET", "/settings"),
    ),
    "cert.list": Command(
        args=NoArgs,
        result=list[dict[str, Any]],
        permission=Permission.CERTIFICATE_READ,
        scope=on_node,
        run=_cert_list,
        route=Route("GET", "/certificates"),
    ),
    "cert.renew": Command(
        args=CertificateArgs,
        result=list[dict[str, Any]],
        permission=Permission.CERTIFICATE_WRITE,
        scope=on_node,
        run=_cert_renew,
        route=Route("POST", "/certificates/renew"),
        is_slow=True,
    ),
    "cert.rollover": Command(
        args=CertificateArgs,
        result=list[dict[str, Any]],
        permission=Permission.CERTIFICATE_WRITE,
        scope=on_node,
        run=_cert_rollover,
        route=Route("POST", "/certificates/rollover"),
        is_slow=True,
    ),
}

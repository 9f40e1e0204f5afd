import datetime as dt
from collections.abc import Sequence
from pathlib import Path

from skrytka.daemon.tls_log import tls_use
from skrytka.model.clock import FixedClock
from skrytka.model.events import Event, LoginSucceeded, MessageReceived, OutboundTls, SessionClosed, SessionOpened
from skrytka.model.ids import TraceId, new_id
from skrytka.protocol.tlspolicy.usage import TlsUse
from skrytka.store.events.files import event_files
from skrytka.store.events.line import erased
from skrytka.store.events.writer import EventWriter
from skrytka.store.system import SystemRandom

NEW = "TLSv1.3 TLS_AES_256_GCM_SHA384"
OLD = "TLSv1.2 ECDHE-RSA-AES128-GCM-SHA256"
FIRST = dt.date(2000, 1, 1)
CLOCK, RANDOM = FixedClock(), SystemRandom()


def trace() -> TraceId:
    return TraceId(new_id(CLOCK, RANDOM))


async def use_of(folder: Path, events: Sequence[Event], first: dt.date = FIRST) -> TlsUse:
    writer = EventWriter(folder, "front-0", CLOCK, RANDOM)
    for event in events:
        writer.emit(event)
    await writer.flush()
    return tls_use(folder, first)


def session(service: str, remote: str, tls: str, *, account: str = "", cause: str = "quit") -> list[Event]:
    one = trace()
    events: list[Event] = [SessionOpened(trace=one, service=service, remote=remote, local_port=1)]
    if account:
        login = LoginSucceeded(
            trace=one, account=1, account_name=account, remote=remote, service=service, mechanism="PLAIN"
        )
        events.append(login)
    return [*events, SessionClosed(trace=one, service=service, cause=cause, tls=tls)]


def received(remote: str, tls: str, protocol: str = "ESMTPS") -> MessageReceived:
    return MessageReceived(
        trace=trace(),
        remote=remote,
        helo=f"helo-{remote}",
        reverse_path="",
        recipients=(),
        size_bytes=1,
        tls=tls,
        protocol=protocol,
    )


def sent(
    host: str,
    version: str = "",
    cipher: str = "",
    result: str = "",
    *,
    is_verified: bool = False,
    is_clear: bool = False,
) -> OutboundTls:
    return OutboundTls(
        domain=f"of-{host}",
        host=host,
        address="192.0.2.7",
        policy_type="no-policy-found",
        version=version,
        cipher=cipher,
        result=result,
        is_verified=is_verified,
        is_clear=is_clear,
    )


async def test_clients_are_known_by_address_and_account(tmp_path: Path) -> None:
    events = session("imaps", "192.0.2.1", OLD, account="alice@example.test")
    events += session("imaps", "192.0.2.1", OLD, account="bob@example.test")
    events += session("imaps", "192.0.2.2", NEW, account="carol@example.test")
    found = await use_of(tmp_path, events)
    [service] = found.services
    assert (service.service, service.sessions, service.kinds) == ("imaps", 3, {OLD: 2, NEW: 1})
    [peer] = found.peers
    assert (peer.peer, peer.tls, peer.count) == ("192.0.2.1", OLD, 2)
    assert peer.names == ("alice@example.test", "bob@example.test")


async def test_who_sends_in_clear_is_known_by_his_mail_and_not_by_knocking(tmp_path: Path) -> None:
    events = session("smtp", "192.0.2.3", "") + session("smtp", "192.0.2.4", "") + session("smtp", "192.0.2.5", OLD)
    events += [received("192.0.2.4", ""), received("192.0.2.5", OLD), received("192.0.2.6", "", "ESMTPSA")]
    found = await use_of(tmp_path, events)
    assert [(each.peer, each.tls, each.names) for each in found.peers] == [
        ("192.0.2.4", "", ("helo-192.0.2.4",)),
        ("192.0.2.5", OLD, ("helo-192.0.2.5",)),
    ]
    assert found.services[0].encrypted_percent == 33.3


async def test_mail_that_leaves_is_counted_by_host(tmp_path: Path) -> None:
    events = [
        sent("a.example", "TLSv1.3", "TLS_AES_256_GCM_SHA384", is_verified=True),
        sent("b.example"),
        sent("c.example", "TLSv1.2", "ECDHE-RSA-AES128-GCM-SHA256"),
        sent("d.example", result="starttls-not-supported"),
        sent("e.example", result="starttls-not-supported", is_clear=True),  # and went all the same
        sent("f.example", "TLSv1.2", "ECDHE-RSA-AES128-GCM-SHA256", result="certificate-not-trusted"),  # in testing
    ]
    found = await use_of(tmp_path, events)
    [out] = found.services
    assert (out.direction, out.sessions, out.failed, out.verified) == ("out", 5, 1, 1)
    assert out.grades == {"new": 1, "aging": 2, "weak": 0, "clear": 2}
    assert [(each.peer, each.names) for each in found.peers] == [
        ("b.example", ("of-b.example",)),
        ("e.example", ("of-e.example",)),
        ("c.example", ("of-c.example",)),
        ("f.example", ("of-f.example",)),
    ]


async def test_sessions_that_were_refused_had_no_chance_of_tls(tmp_path: Path) -> None:
    assert (await use_of(tmp_path, session("imaps", "192.0.2.1", "", cause="refused"))).services == ()


async def test_only_the_days_that_are_asked_for_are_read(tmp_path: Path) -> None:
    events = session("imaps", "192.0.2.1", NEW)
    day = dt.datetime.fromtimestamp(CLOCK.now_ms() / 1000, dt.UTC).date()
    assert len((await use_of(tmp_path, events, day)).services) == 1
    assert tls_use(tmp_path, day + dt.timedelta(days=1)).services == ()


async def test_what_was_erased_is_nobodys_and_what_is_torn_is_passed_over(tmp_path: Path) -> None:
    await use_of(tmp_path, session("imaps", "192.0.2.1", OLD, account="alice@example.test"))
    for path in event_files(tmp_path):
        lines = path.read_bytes().splitlines(keepends=True)
        torn = b'{"e":{"kind":"session_closed"},"hash":"x"}\n{"e":{"kind":"session_closed",\n'
        path.write_bytes(b"".join(map(erased, lines)) + torn)
    [peer] = tls_use(tmp_path, FIRST).peers
    assert (peer.peer, peer.names, peer.count) == ("", (), 1)

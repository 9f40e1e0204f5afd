"""The stopped server: an administrator's command takes the folder's lock and starts a private store process."""

import asyncio
import os
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, closing, contextmanager
from typing import Any

import msgspec

from skrytka.daemon import config, privileges
from skrytka.daemon.control_server import name_of
from skrytka.daemon.domain_dns import dns_deps
from skrytka.daemon.event_log import Checkpoints, EventLog, open_event_log
from skrytka.daemon.event_trace import EventTrace
from skrytka.daemon.hardening import seal_memory
from skrytka.daemon.layout import Layout
from skrytka.daemon.lock import FolderLock
from skrytka.daemon.outbound import dkim_deps
from skrytka.daemon.password_policy import given_policy
from skrytka.daemon.prepare import (
    check_store,
    check_writable,
    master_key_path,
    open_ring,
    read_master_key,
    read_recovery,
)
from skrytka.daemon.report_digests import report_reader
from skrytka.daemon.store_check import StoreCheck
from skrytka.mail.admin.admin import Admin
from skrytka.mail.admin.base import AdminDeps
from skrytka.mail.admin.commands.base import CommandDeps
from skrytka.mail.admin.commands.run import run_command
from skrytka.mail.identity.login import NAME_SUBJECT
from skrytka.mail.identity.passwords import PEPPER_SUBJECT, Passwords
from skrytka.model.actor import local_actor
from skrytka.model.clock import Clock, Random
from skrytka.model.events import Event
from skrytka.model.settings import Settings
from skrytka.store.open import open_private
from skrytka.store.seal.ring import KeyRing
from skrytka.store.seal.source import LocalKeySource
from skrytka.store.system import SystemClock, SystemRandom


class Folder(msgspec.Struct, frozen=True):
    """An installation that is ours alone, with its keys open."""

    layout: Layout
    settings: Settings
    ring: KeyRing


@contextmanager
def locked(layout: Layout) -> Iterator[Folder]:
    """Hold the lock and the key ring, with the rights of the settings' user; TransientError(STORE_BUSY): it runs."""
    settings = config.load(layout.config).settings
    user = privileges.wanted_user(settings.user)
    if user is not None:
        check_writable(layout, user)
    seal_memory()
    master = read_master_key(layout, master_key_path(layout))
    recovery = read_recovery(layout)
    with privileges.acting_as(user):
        lock = FolderLock.take(layout.lock)
        try:
            ring = open_ring(layout, master, recovery, SystemClock(), SystemRandom())
            with closing(ring):
                check_store(layout, ring)
                yield Folder(layout, settings, ring)
        finally:
            lock.close()


@asynccontextmanager
async def offline(layout: Layout) -> AsyncIterator[CommandDeps]:
    """Administration of an installation whose server is stopped, as the control socket has it otherwise."""
    clock, random = SystemClock(), SystemRandom()
    with locked(layout) as folder:
        events = open_event_log(layout, "cli", clock, random)
        passwords = Passwords(folder.ring.get(PEPPER_SUBJECT), random)
        try:
            async with open_private(layout.store) as store:
                admin = AdminDeps(
                    store=store,
                    keys=LocalKeySource(folder.ring, random),
                    passwords=passwords,
                    events=events,
                    clock=clock,
                    random=random,
                    quota_bytes=folder.settings.accounts.quota_bytes,
                    hostname=folder.settings.hostname,
                    is_demo=folder.settings.is_demo,
                    providers=folder.settings.providers,
                    policy=given_policy(folder.settings, layout, events),
                    dkim=dkim_deps(folder.settings, layout, clock, clock, random),
                    dns=dns_deps(folder.settings, layout, clock, random),
                )
                name_key = folder.ring.get(NAME_SUBJECT)
                yield CommandDeps(
                    admin=Admin(admin),
                    check=StoreCheck(layout),
                    trace=EventTrace(layout, name_key),
                    reports=report_reader(layout.events, clock),
                )
        finally:
            passwords.close()
            await _close_log(layout, folder.settings, clock, events)


def ask_here(layout: Layout, request: bytes, progress: Callable[[str], None]) -> dict[str, Any]:
    """The last frame of a command as the control socket would have sent it; raises what :func:`locked` does."""

    async def tell(text: str) -> None:
        progress(text)

    async def answer() -> bytes:
        async with offline(layout) as deps:
            return msgspec.json.encode(await run_command(deps, request, local_actor(actor()), tell))

    plain: dict[str, Any] = msgspec.json.decode(asyncio.run(answer()))
    return plain


async def record(layout: Layout, event: Event, clock: Clock, random: Random, settings: Settings | None = None) -> None:
    """Write one event of ours, on disk when this returns; signed too with ``settings``: for who holds the lock."""
    events = open_event_log(layout, "cli", clock, random)
    events.emit(event)
    await events.flush()
    if settings is not None:
        await _close_log(layout, settings, clock, events)


async def _close_log(layout: Layout, settings: Settings, clock: Clock, events: EventLog) -> None:
    """Sign what was written: the server that starts next signs the chains of its own processes only."""
    await events.flush()
    if events.heads():
        Checkpoints(layout, settings, clock, events).sign()
        await events.flush()


def actor() -> str:
    """Who asks, in the words of the event log."""
    return name_of(os.getuid())

"""Runs a server in this process, from its configuration file to its last child."""

import asyncio
import os
from pathlib import Path

from skrytka.daemon.event_log import open_event_log
from skrytka.daemon.notify import Notifier
from skrytka.daemon.prepare import Prepared, prepare
from skrytka.daemon.supervisor import Say, Supervisor
from skrytka.model.clock import Clock, Random
from skrytka.model.events import FaultRaised
from skrytka.store.files import sweep_spool
from skrytka.store.system import SystemClock, SystemRandom


def serve(path: Path, say: Say, complain: Say) -> int:
    """Until SIGTERM; the exit status. Raises what keeps it from starting, with cause and mend."""
    clock, random = SystemClock(), SystemRandom()
    notifier = Notifier.take(os.environ, clock)
    prepared = prepare(path, clock, random)
    try:
        return asyncio.run(_run(prepared, clock, random, say, complain, notifier))
    finally:
        prepared.close()


async def _run(prepared: Prepared, clock: Clock, random: Random, say: Say, complain: Say, notifier: Notifier) -> int:
    sweep_spool(prepared.layout.store)  # nobody writes there: the folder is ours alone
    events = open_event_log(prepared.layout, "supervisor", clock, random)
    for missing in prepared.bound.missing:
        complain(missing)
        events.emit(FaultRaised(fault="F-web-port", detail=missing))
    return await Supervisor(prepared, clock, events, say, complain, notifier=notifier).run()

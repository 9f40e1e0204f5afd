"""What it costs a front to ask whose a message is: ``python -m bench.sender_cost [--messages N] [--runs N]``.

Twice: the steps by themselves, in a loop, DNS at hand, as CPU of a message; then two demos in turns that get the same
signed mail, one of which has a resolver and asks, by the CPU of all their fronts. The first is what the code takes, the
second what a working front pays for it.
"""

import argparse
import asyncio
import statistics
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Final

from bench.cpu import cpu_s, send
from bench.generator import STRANGER, message, signer
from bench.inbound import MAILBOXES
from bench.ours import Skrytka
from bench.sender_peer import RESOLVER, CheckingPostfix
from bench.senders import stranger
from skrytka.mail.delivery.incoming import rescan
from skrytka.mail.delivery.inspection import Inspection
from skrytka.mail.delivery.look import Look, Looked
from skrytka.mail.delivery.message import Sealed
from skrytka.mail.delivery.senders import SenderDeps, Senders
from skrytka.mail.delivery.signatures import SignatureReader
from skrytka.mail.delivery.summary import Insides, unread_summary
from skrytka.mail.delivery.types import Transaction
from skrytka.mail.policy.decide import decide
from skrytka.mail.policy.senders import SenderPolicy
from skrytka.model.address import Address, Domain, ReversePath
from skrytka.model.dns import Answer, Status
from skrytka.model.ids import BlobId, TraceId, new_id
from skrytka.model.secret import Secret
from skrytka.model.settings import SenderAuth
from skrytka.net.dns.cache import Cache
from skrytka.net.dns.stub import StubResolver
from skrytka.protocol.mailauth.dkim.body import BodyHasher
from skrytka.store.events.writer import EventWriter
from skrytka.store.seal.blob import SealedBlob
from skrytka.store.system import SystemClock, SystemRandom

DOMAIN: Final = STRANGER.partition("@")[2].encode()
HOSTNAME: Final = "mx.example.test"
ROUNDS, PER_ROUND = 9, 300
WARM_UP, PER_SESSION = 500, 10


class Nobody(Inspection):
    """In the place of an inspector, whose answer costs the same with questions and without."""

    def __init__(self) -> None: ...

    async def of(self, sealed: Sealed) -> Insides:
        """Only whose it is."""
        return Insides(unread_summary(sealed.scan, 0, b""), authors=((DOMAIN,),))


class Steps:
    """All that a front does about the sender of one message, DNS known."""

    def __init__(self, folder: Path, records: dict[str, str]) -> None:
        clock, random = SystemClock(), SystemRandom()
        self._content = signer()(message(1, STRANGER, f"user1@{HOSTNAME}")).removesuffix(b".\r\n")
        self._scan = rescan(self._content)
        self._events = EventWriter(folder, "bench", clock, random)
        cache = Cache(clock)
        for name, text in records.items():
            cache.put((f"{name.lower()}.", "TXT"), Answer(Status.NOERROR, (text.encode(),), ttl_s=3600))
        resolver = StubResolver((), clock, random, cache=cache)
        deps = SenderDeps(
            hostname=HOSTNAME,
            resolver=resolver,
            judge=SenderPolicy(SenderAuth()),
            events=self._events,
            clock=clock,
            known=resolver.known,
        )
        self._look = Look(HOSTNAME, Nobody(), decide, Senders(deps), self._events)
        self._facts = Transaction(
            trace=TraceId(new_id(clock, random)),
            received_at_ms=clock.now_ms(),
            reverse_path=ReversePath(Address.parse(STRANGER)),
            remote="127.0.0.1",
            helo=Domain.parse("client.example.net"),
            is_sender_checked=True,
        )
        self._blob_id = BlobId(new_id(clock, random))
        self._sealed = self._hashed()

    async def hash(self) -> None:
        """The next message's."""
        self._sealed = self._hashed()

    def _hashed(self) -> Sealed:
        """Signatures read, the body hashed."""
        blob = SealedBlob(self._blob_id, Secret(b""), len(self._content), b"", None, None, 0)
        reader = SignatureReader()
        hasher = BodyHasher(reader(self._scan))
        hasher.feed(self._content[len(self._scan.raw) :])
        return Sealed(blob, self._scan, None, hashes=hasher.finish(), signatures=reader)

    async def look(self) -> Looked:
        """SPF, the signature, DMARC, the decision, the event, the results for the copy."""
        return await self._look.at(self._facts, [], self._sealed)


async def in_a_loop(steps: Steps) -> None:
    """A line."""
    assert (await steps.look()).facts.results.count("=pass") == len(("spf", "dkim", "dmarc"))
    hashed, looked = await best_us(steps.hash), await best_us(steps.look)
    print(f"in a loop: body and signature read {hashed:.0f} us, asked and told {looked:.0f}, all {hashed + looked:.0f}")


async def best_us(act: Callable[[], Awaitable[object]]) -> float:
    """CPU of one, the best round."""
    found = []
    for _ in range(ROUNDS):
        began_s = time.thread_time()
        for _ in range(PER_ROUND):
            await act()
        found.append((time.thread_time() - began_s) / PER_ROUND * 1e6)
    return min(found)


def in_fronts(root: Path, records: dict[str, str], messages: int, runs: int) -> None:
    """Two demos in turns, then the medians."""
    found: dict[str, list[float]] = defaultdict(list)
    with (
        CheckingPostfix(root / "peer", 37_000, records),  # for its resolver alone
        Skrytka(root / "asking", 36_000, MAILBOXES, resolver=f"{RESOLVER}:53") as asking,
        Skrytka(root / "not-asking", 34_000, MAILBOXES) as not_asking,
    ):
        demos = {"asking": asking, "not asking": not_asking}
        for demo in demos.values():
            send(demo.smtp_port, WARM_UP, PER_SESSION)
        for _ in range(runs):
            for name, demo in demos.items():
                found[name].append(fronts_us(demo, messages))
                print(f"  {name:10} fronts {found[name][-1]:.0f} us a message", flush=True)
    medians = {name: statistics.median(values) for name, values in found.items()}
    print(f"in fronts: {medians['asking'] - medians['not asking']:.0f} us more, of medians {medians}")


def fronts_us(demo: Skrytka, messages: int) -> float:
    """CPU of all fronts for one message."""
    assert demo.process is not None
    before = cpu_s(demo.process.pid)
    send(demo.smtp_port, messages, PER_SESSION)
    after = cpu_s(demo.process.pid)
    used_s = sum(after[name] - before.get(name, 0.0) for name in after if name.startswith("front"))
    return used_s / messages * 1e6


def main() -> None:
    """Both."""
    parser = argparse.ArgumentParser(prog="bench.sender_cost", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--messages", type=int, default=2000)
    parser.add_argument("--runs", type=int, default=4)
    options = parser.parse_args()
    with stranger() as (root, records):
        asyncio.run(in_a_loop(Steps(root, records)))
        in_fronts(root, records, options.messages, options.runs)


if __name__ == "__main__":
    main()

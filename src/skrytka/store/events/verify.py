"""Does the event log still say what it said? Chains, personal parts, signatures, heads (``skrytka events verify``)."""

import hashlib
from pathlib import Path

import msgspec

from skrytka.model.errors import UNREADABLE
from skrytka.store.events.checkpoint import FILE_NAME, Body, Retired, read_checkpoints
from skrytka.store.events.files import ReadLine, event_files, read_lines
from skrytka.store.events.line import Header, personal_hash_holds


class Report(msgspec.Struct):
    """What was looked at and what is wrong; sound when ``problems`` is empty."""

    events: int = 0
    chains: int = 0
    checkpoints: int = 0
    erased: int = 0  # personal parts that were taken out on purpose
    torn: int = 0  # half lines that a killed process left
    unsigned: int = 0  # events newer than the last checkpoint
    retired: int = 0  # events that went with their retention, of chains that are still there or were until lately
    problems: list[str] = msgspec.field(default_factory=list)

    @property
    def is_sound(self) -> bool:
        """Whether nothing was changed, removed or added."""
        return not self.problems


class _ChainState(msgspec.Struct):
    seq: int = 0
    hash: str = ""
    hashes: dict[int, str] = msgspec.field(default_factory=dict)  # only those that a checkpoint names


def verify(folder: Path) -> Report:
    """Read everything once; memory grows with the number of chains and checkpoints, not of events."""
    report = Report()
    bodies = _checkpoints(folder, report)
    log = _Log(bodies, report)
    for path in event_files(folder):
        for read in read_lines(path):
            log.check_line(read, f"{path.parent.name}/{path.name}, octet {read.offset}")
    chains = log.chains
    report.chains = len(chains)
    report.retired = sum(one.seq for one in log.retired.values())
    log.check_heads(bodies)
    signed = {chain: seq for body in bodies for chain, (seq, _) in body.heads.items()}
    signed |= {name: max(one.seq, signed.get(name, 0)) for name, one in log.retired.items()}
    report.unsigned = sum(state.seq - signed.get(name, 0) for name, state in chains.items())
    return report


class _Log:
    """All chains, as far as they have been read."""

    def __init__(self, bodies: list[Body], report: Report) -> None:
        self._report = report
        self._wanted: dict[str, set[int]] = {}
        self.chains: dict[str, _ChainState] = {}
        self.retired: dict[str, Retired] = {}
        for body in bodies:
            self.retired |= body.retired
            for chain, (seq, _) in body.heads.items():
                self._wanted.setdefault(chain, set()).add(seq)
        for chain, one in self.retired.items():
            self._wanted.setdefault(chain, set()).add(one.seq)

    def check_line(self, read: ReadLine, where: str) -> None:
        line, header, report = read.line, read.header, self._report
        if line is None or header is None:
            report.torn += 1
            return
        report.events += 1
        if hashlib.sha256(line.e).hexdigest() != line.hash:
            report.problems.append(f"{where}: the event was changed")
        if not personal_hash_holds(line, header):
            report.problems.append(f"{where}: the personal part was changed")
        report.erased += bool(header.ph) and line.s is None
        state = self.chains.get(header.chain)
        if state is None:
            state = self.chains[header.chain] = self._beginning(header, where)
        if header.seq != state.seq + 1:
            report.problems.append(f"{where}: chain {header.chain} goes from {state.seq} to {header.seq}")
        elif header.prev != state.hash:
            report.problems.append(f"{where}: the event before number {header.seq} of {header.chain} was changed")
        state.seq, state.hash = header.seq, line.hash
        if header.seq in self._wanted.get(header.chain, ()):
            state.hashes[header.seq] = line.hash

    def _beginning(self, header: Header, where: str) -> _ChainState:
        """The first line that is kept: what stood before it was signed away, or it is the first of all."""
        gone = self.retired.get(header.chain)
        if gone is None:
            if header.seq != 1:
                said = f"{where}: chain {header.chain} begins with number {header.seq}: what stood before is missing"
                self._report.problems.append(said)
                return _ChainState(header.seq - 1, header.prev)
            return _ChainState()
        if header.seq <= gone.seq:  # a removal that was cut short: the next one ends it
            return _ChainState(header.seq - 1, header.prev)
        return _ChainState(gone.seq, gone.hash)

    def check_heads(self, bodies: list[Body]) -> None:
        """Whether what checkpoints signed is there, or was signed away."""
        for body in bodies:
            for chain, (seq, digest) in body.heads.items():
                self._check_head(body.number, chain, seq, digest)
        for chain, gone in self.retired.items():
            state = self.chains.get(chain)
            if state is not None and state.hashes.get(gone.seq, gone.hash) != gone.hash:
                self._report.problems.append(f"chain {chain}: number {gone.seq} is not what was signed away")

    def _check_head(self, number: int, chain: str, seq: int, digest: str) -> None:
        state, gone, problems = self.chains.get(chain), self.retired.get(chain), self._report.problems
        if gone is not None and seq <= gone.seq and (state is None or seq not in state.hashes):
            return
        if state is None:
            problems.append(f"chain {chain}, signed by checkpoint {number}, is missing")
        elif seq > state.seq:
            problems.append(f"chain {chain} was cut: checkpoint {number} saw {seq}, it ends at {state.seq}")
        elif state.hashes.get(seq, digest) != digest:
            problems.append(f"chain {chain}: number {seq} is not what checkpoint {number} signed")


def _checkpoints(folder: Path, report: Report) -> list[Body]:
    signed = read_checkpoints(folder)
    if not signed and (folder / FILE_NAME).exists():
        report.problems.append(f"{FILE_NAME} holds no checkpoint")
    try:
        bodies = [line.body() for line in signed]
    except UNREADABLE as exc:
        report.problems.append(f"checkpoints.jsonl cannot be read: {exc}")
        return []
    report.checkpoints = len(bodies)
    for index, (line, body) in enumerate(zip(signed, bodies, strict=True)):
        before = bodies[index - 1] if index else None
        if not line.holds(body):
            report.problems.append(f"checkpoint {body.number}: the signature is wrong")
        if before is None:
            if body.number != 1 and not body.is_base:
                report.problems.append(f"checkpoints before number {body.number} are missing")
        elif (body.number, body.public, body.prev) != (
            before.number + 1,
            before.next_public,
            signed[index - 1].digest(),
        ):
            report.problems.append(f"checkpoint {body.number} does not follow number {before.number}")
    return bodies

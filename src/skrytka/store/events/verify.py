"""Does the event log still say what it said? Chains, personal parts, signatures, heads (``skrytka events verify``)."""

import hashlib
from pathlib import Path

import msgspec

from skrytka.store.events.checkpoint import Body, read_checkpoints
from skrytka.store.events.files import ReadLine, event_files, read_lines
from skrytka.store.events.line import personal_hash_holds


class Report(msgspec.Struct):
    """What was looked at and what is wrong; sound when ``problems`` is empty."""

    events: int = 0
    chains: int = 0
    checkpoints: int = 0
    erased: int = 0  # personal parts that were taken out on purpose
    torn: int = 0  # half lines that a killed process left
    unsigned: int = 0  # events newer than the last checkpoint
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
    wanted: dict[str, set[int]] = {}
    for body in bodies:
        for chain, (seq, _) in body.heads.items():
            wanted.setdefault(chain, set()).add(seq)
    chains: dict[str, _ChainState] = {}
    for path in event_files(folder):
        for read in read_lines(path):
            _check_line(read, f"{path.parent.name}/{path.name}, octet {read.offset}", chains, wanted, report)
    report.chains = len(chains)
    _check_heads(bodies, chains, report)
    signed = {chain: seq for body in bodies for chain, (seq, _) in body.heads.items()}
    report.unsigned = sum(state.seq - signed.get(name, 0) for name, state in chains.items())
    return report


def _check_line(
    read: ReadLine, where: str, chains: dict[str, _ChainState], wanted: dict[str, set[int]], report: Report
) -> None:
    line, header = read.line, read.header
    if line is None or header is None:
        report.torn += 1
        return
    report.events += 1
    if hashlib.sha256(line.e).hexdigest() != line.hash:
        report.problems.append(f"{where}: the event was changed")
    if not personal_hash_holds(line, header):
        report.problems.append(f"{where}: the personal part was changed")
    report.erased += bool(header.ph) and line.s is None
    state = chains.get(header.chain)
    if state is None:
        # The first line that is kept; older days may have gone with their retention.
        state = chains[header.chain] = _ChainState(header.seq - 1, header.prev)
    if header.seq != state.seq + 1:
        report.problems.append(f"{where}: chain {header.chain} goes from {state.seq} to {header.seq}")
    elif header.prev != state.hash:
        report.problems.append(f"{where}: the event before number {header.seq} of {header.chain} was changed")
    state.seq, state.hash = header.seq, line.hash
    if header.seq in wanted.get(header.chain, ()):
        state.hashes[header.seq] = line.hash


def _checkpoints(folder: Path, report: Report) -> list[Body]:
    try:
        signed = read_checkpoints(folder)
        bodies = [line.body() for line in signed]
    except msgspec.MsgspecError as exc:
        report.problems.append(f"checkpoints.jsonl cannot be read: {exc}")
        return []
    report.checkpoints = len(bodies)
    for index, (line, body) in enumerate(zip(signed, bodies, strict=True)):
        before = bodies[index - 1] if index else None
        if not line.holds(body):
            report.problems.append(f"checkpoint {body.number}: the signature is wrong")
        if before is None:
            if body.number != 1:
                report.problems.append(f"checkpoints before number {body.number} are missing")
        elif (body.number, body.public, body.prev) != (
            before.number + 1,
            before.next_public,
            signed[index - 1].digest(),
        ):
            report.problems.append(f"checkpoint {body.number} does not follow number {before.number}")
    return bodies


def _check_heads(bodies: list[Body], chains: dict[str, _ChainState], report: Report) -> None:
    for body in bodies:
        for chain, (seq, digest) in body.heads.items():
            state = chains.get(chain)
            if state is None:
                report.problems.append(f"chain {chain}, signed by checkpoint {body.number}, is missing")
            elif seq > state.seq:
                report.problems.append(
                    f"chain {chain} was cut: checkpoint {body.number} saw {seq}, it ends at {state.seq}"
                )
            elif state.hashes.get(seq, digest) != digest:
                report.problems.append(f"chain {chain}: number {seq} is not what checkpoint {body.number} signed")

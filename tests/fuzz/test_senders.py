"""Any message and any DNS: whose mail it is has an answer, without a bug, in a field that is one field."""

import asyncio
import re

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from skrytka.inspect.check import structure_of
from skrytka.inspect.jobs import structure
from skrytka.mail.delivery.checked import sender_checked
from skrytka.mail.delivery.incoming import HeaderFilter
from skrytka.mail.delivery.message import Sealed
from skrytka.mail.delivery.senders import SenderDeps, Senders
from skrytka.mail.delivery.signatures import SignatureReader
from skrytka.mail.delivery.types import Transaction
from skrytka.mail.policy.decide import decide
from skrytka.mail.policy.senders import SenderPolicy
from skrytka.model.address import Address, Domain, ReversePath
from skrytka.model.clock import FixedClock
from skrytka.model.dns import Answer, Mx, Status
from skrytka.model.errors import PermanentError, Reason, TransientError
from skrytka.model.ids import TraceId
from skrytka.model.settings import Override, SenderAuth
from skrytka.protocol.mailauth.dkim.body import BodyHasher
from skrytka.protocol.mailauth.message import MessageResults, founds
from skrytka.protocol.mailauth.results import results_field
from skrytka.store.seal.blob import SealedBlob
from tests.support import arc, dkim
from tests.unit.mail.support import Recorder

HOSTNAME = "mx.example.test"
SIGNED = dkim.signed(arc.seal(arc.seal(dkim.signed()), 2))
SETTINGS = SenderAuth(
    arc_sealers=("example.org",),
    is_spf_fail_refused=True,
    on_temperror="defer",
    overrides=(Override(domain="example.org"), Override(network="198.51.100.0/24")),
)
OCTETS = [
    b"\r\n",
    b" ",
    b"\t",
    b";",
    b"=",
    b":",
    b"@",
    b"<",
    b">",
    b",",
    b'"',
    b"(",
    b")",
    b"\\",
    b"\xc5\xbc",
    b"\xff",
    b".",
]
TEXTS = [
    b"v=spf1 include:%{d}.example -all",
    b"v=spf1 exists:%{l}.%{ir}.example redirect=x.example",
    b"v=spf1 ip4:0.0.0.0/0 -all",
    b"v=spf1 mx a ptr exp=e.example ?all",
    b"v=DMARC1; p=reject; sp=none; np=quarantine; rua=mailto:a@b.example",
    b"v=DMARC1; p=quarantine; t=y; psd=y",
    b"v=DKIM1; p=",
    b"v=DKIM1; k=ed25519; p=AAAA",
    b"\xff\x00;;;",
]
EDITS = st.lists(
    st.tuples(st.integers(0, len(SIGNED)), st.integers(0, 40), st.sampled_from(OCTETS) | st.binary(max_size=8)),
    max_size=6,
)


class AnyResolver:
    """Answers what the drawn numbers say, and asks nobody twice for the same."""

    def __init__(self, numbers: list[int]) -> None:
        self._numbers = numbers
        self.asked = 0

    async def query(self, name: Domain | str, rdtype: str) -> Answer:
        self.asked += 1
        number = self._numbers[self.asked % len(self._numbers)]
        own = dkim.own_records()
        known = next((answer for query, answer in own.items() if query.name == str(name)), None)
        if known is not None and number % 3:
            return known
        match number % 7:
            case 0:
                raise TransientError(Reason.DNS_TIMEOUT)
            case 1:
                raise PermanentError(Reason.BAD_SYNTAX)
            case 2:
                return Answer(Status.NXDOMAIN)
            case 3:
                return Answer(Status.NODATA)
            case _:
                pass
        if rdtype == "TXT":
            return Answer(
                Status.NOERROR, (TEXTS[number % len(TEXTS)], *((TEXTS[number // 7 % len(TEXTS)],) * (number % 2)))
            )
        if rdtype == "MX":
            return Answer(Status.NOERROR, (Mx(number, "mx.example"), Mx(1, "")))
        return Answer(Status.NOERROR, ("::1" if rdtype == "AAAA" else "a.example" if rdtype == "PTR" else "192.0.2.1",))


def edited(message: bytes, edits: list[tuple[int, int, bytes]]) -> bytes:
    for start, length, octets in edits:
        message = message[:start] + octets + message[start + length :]
    return message


async def asked_about(message: bytes, numbers: list[int], reverse_path: str) -> tuple[MessageResults, Recorder]:
    events, clock = Recorder(), FixedClock()
    resolver = AnyResolver(numbers)
    senders = Senders(
        SenderDeps(hostname=HOSTNAME, resolver=resolver, judge=SenderPolicy(SETTINGS), events=events, clock=clock)
    )
    header, reader = HeaderFilter(HOSTNAME, 10**6), SignatureReader()
    rest = header.feed(message) + header.finish()
    assert header.scan is not None
    hasher = BodyHasher(reader(header.scan))
    hasher.feed(rest[len(header.scan.raw) :])
    sealed = Sealed(
        SealedBlob(b"", None, 0, b"", None, None, 0),  # type: ignore[arg-type]
        header.scan,
        rest,
        hashes=hasher.finish(),
        signatures=reader,
    )
    facts = Transaction(
        trace=TraceId(bytes(16)),
        received_at_ms=dkim.NOW_S * 1000,
        reverse_path=ReversePath(Address.parse(reverse_path) if reverse_path else None),
        remote="192.0.2.1",
        helo=Domain.parse("mail.example.net"),
    )
    proofs = await senders.begin(facts, sealed).finish()
    results = await senders.results(facts, proofs, structure_of(structure(rest), len(rest)).authors)
    judgement = senders.judge(facts, results)
    verdict = decide(header.scan, judgement.findings)
    verdict.reply.encode()
    msgspec.json.encode(sender_checked(facts, [], results, judgement, verdict))
    assert resolver.asked < 400
    return results, events


@given(
    edits=EDITS,
    numbers=st.lists(st.integers(0, 10**6), min_size=1, max_size=20),
    reverse_path=st.sampled_from(["", "bob@example.org", "żółw@example.net", '"a b"@x.example']),
)
def test_any_message_has_results_without_a_bug(
    edits: list[tuple[int, int, bytes]], numbers: list[int], reverse_path: str
) -> None:
    results, events = asyncio.run(asked_about(edited(SIGNED, edits), numbers, reverse_path))
    assert events.events == []
    field = results_field(HOSTNAME, founds(results))
    assert re.fullmatch(r"Authentication-Results: mx\.example\.test(;\r\n\t[\x20-\x7e]+)+\r\n", field)


def test_the_message_passes_when_nothing_is_changed() -> None:
    results, _events = asyncio.run(asked_about(SIGNED, [1], "bob@example.org"))
    assert [each.result for each in results.dkim] == ["pass", "pass"]
    assert results.arc.status == "pass"

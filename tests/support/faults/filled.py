"""A mailbox filled by commands on a stopped installation: 100,000 messages in half a minute, by SMTP it takes ten."""

from collections.abc import Sequence
from typing import Final

from skrytka.inspect.check import structure_of
from skrytka.inspect.jobs import structure
from skrytka.mail.delivery.append import _KeptHeader
from skrytka.mail.delivery.summary import Insides, summary_of
from skrytka.model.ids import AccountId, BlobId, EmailId, ThreadId, UnitId, new_id
from skrytka.model.secret import Secret
from skrytka.store.commands.deliver import Deliver, Target
from skrytka.store.commands.shared import BlobIn
from skrytka.store.seal.blob import BlobWriter
from skrytka.store.seal.budget import MemoryBudget
from skrytka.store.seal.keys import AccountKeys, Kind, MacKind
from skrytka.store.seal.ring import account_subject
from skrytka.store.seal.text import MessageText
from skrytka.store.system import SystemClock, SystemRandom
from tests.support.faults.contents import Contents

TOKEN: Final = b"t00000000"  # in a template: it becomes the message's own number
AT_ONCE: Final = 100  # messages of one command; they share the content of the first
CLOCK, RANDOM = SystemClock(), SystemRandom()


def token(number: int) -> bytes:
    return b"t%08d" % number


def insides_of(raw: bytes) -> tuple[bytes, bytes]:
    """Summary and search text of a template in their plain forms."""
    header = _KeptHeader()
    header.feed(raw)
    header.finish()
    assert header.scan is not None
    found = structure_of(structure(raw), len(raw))
    insides = Insides(summary_of(found, header.scan, b"\0" * 32), MessageText(found.header_text, found.body_text))
    return insides.behind(0), insides.text


async def fill(contents: Contents, account: AccountId, templates: Sequence[bytes], count: int) -> None:
    """So many messages in the INBOX, in the order of their numbers; each of the templates in turn."""
    keys = AccountKeys(account, contents.ring.get(account_subject(account)), RANDOM)
    plain = [insides_of(raw) for raw in templates]
    for start in range(0, count, AT_ONCE):
        raw = templates[start % len(templates)].replace(TOKEN, token(start))
        writer = BlobWriter(contents.store.reader.paths.spool, CLOCK, RANDOM, MemoryBudget())
        await writer.write(raw)
        blob = await writer.finish()
        targets = tuple(
            _target(keys, blob.blob_id, blob.key, len(raw), plain[number % len(plain)], number)
            for number in range(start, min(start + AT_ONCE, count))
        )
        sent = BlobIn(blob.blob_id, size=blob.size, stored_size=blob.stored_size, stored=blob.stored)
        await contents.store.submit(Deliver(unit=UnitId(new_id(CLOCK, RANDOM)), blob=sent, targets=targets))


def _target(
    keys: AccountKeys, blob_id: BlobId, key: Secret, size: int, plain: tuple[bytes, bytes], number: int
) -> Target:
    summary, text = (part.replace(TOKEN, token(number)) for part in plain)
    email_id = EmailId(new_id(CLOCK, RANDOM))
    return Target(
        account=keys.account,
        wrapped_key=keys.wrap_blob_key(blob_id, email_id, key),
        prefix=keys.seal(Kind.PREFIX, email_id, b""),
        prefix_size=0,
        size=size,
        summary=keys.seal(Kind.SUMMARY, email_id, summary),
        digest=keys.mac(MacKind.DIGEST, token(number)),
        email_id=email_id,
        thread_id=ThreadId(new_id(CLOCK, RANDOM)),
        received_at_ms=CLOCK.now_ms(),
        text=keys.seal(Kind.TEXT, email_id, text),
    )

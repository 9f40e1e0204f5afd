"""Dynamic updates of a zone, signed (RFC 2136, RFC 8945): records are added, and single ones are taken away.

Over TCP, one message: the server does all of it or nothing (RFC 2136 3.4.2). An answer that is not signed is none.
"""

import asyncio
import re
from collections.abc import Sequence
from typing import Final

import dns.exception
import dns.message
import dns.name
import dns.rcode
import dns.rdatatype
import dns.tsig
import dns.tsigkeyring
import dns.update
import msgspec

from skrytka.model.dns import Server
from skrytka.model.errors import PermanentError, Reason, TransientError
from skrytka.model.secret import Secret

TIMEOUT_S: Final = 20.0
ANSWER_MAX: Final = 65_535
ALGORITHMS: Final = ("hmac-sha256", "hmac-sha384", "hmac-sha512")  # RFC 8945 6: the older ones must not be used
_BIND: Final = re.compile(
    r'key\s+"?(?P<name>[^\s"{]+)"?\s*\{\s*algorithm\s+"?(?P<algorithm>[a-z0-9-]+)"?\s*;\s*secret\s+"(?P<secret>[^"]+)"\s*;\s*\}',
    re.IGNORECASE,
)
_LINE: Final = re.compile(r"^[#\s]*(?P<algorithm>hmac-[a-z0-9-]+):(?P<name>[^:\s]+):(?P<secret>\S+)\s*$", re.MULTILINE)


class TsigKey(msgspec.Struct, frozen=True):
    """A secret that is shared with the server of a zone."""

    name: str
    algorithm: str
    secret: Secret


def read_key(text: str) -> TsigKey:
    """As BIND's tsig-keygen writes it, or ``algorithm:name:secret`` of Knot's keymgr; PermanentError(BAD_CONFIG)."""
    match = _BIND.search(text) or _LINE.search(text)
    if match is None:
        raise PermanentError(Reason.BAD_CONFIG, "holds no TSIG key: as tsig-keygen or keymgr write it")
    key = TsigKey(match["name"].rstrip("."), match["algorithm"].lower(), Secret(match["secret"]))
    if key.algorithm not in ALGORITHMS:
        raise PermanentError(Reason.BAD_CONFIG, f"holds a key for {key.algorithm}; allowed: {', '.join(ALGORITHMS)}")
    try:
        _keyring(key)
    except (dns.exception.DNSException, ValueError) as exc:
        raise PermanentError(Reason.BAD_CONFIG, "holds a TSIG key that is not base64") from exc
    return key


async def update(server: Server, zone: str, key: TsigKey, *, add: Sequence[str], remove: Sequence[str]) -> None:
    """Lines of a zone file; each that is removed goes alone, whatever else has its name and type.

    A CNAME is added only where the name has nothing. TransientError(DNS_TIMEOUT) when the server does not answer,
    PermanentError(NOT_PERMITTED) with cause and mend when it does not want to.
    """
    message = _message(zone, key, add, remove)
    wire = message.to_wire()
    try:
        async with asyncio.timeout(TIMEOUT_S):
            raw = await _exchange(server, wire)
    except (OSError, EOFError, TimeoutError) as exc:
        detail = f"{_place(server)} does not answer updates of {zone} ({str(exc) or type(exc).__name__})"
        raise TransientError(Reason.DNS_TIMEOUT, detail) from exc
    _read_answer(raw, message, server, zone, key)


def _message(zone: str, key: TsigKey, add: Sequence[str], remove: Sequence[str]) -> dns.update.UpdateMessage:
    message = dns.update.UpdateMessage(
        zone, keyring=_keyring(key), keyname=dns.name.from_text(key.name), keyalgorithm=key.algorithm
    )
    for line in remove:
        name, _, rdtype, value = _parts(line)
        message.delete(name, rdtype, value)
    for line in add:
        name, ttl_s, rdtype, value = _parts(line)
        if rdtype == "CNAME":
            message.absent(name)  # RFC 2136 3.4.2.2: it would take the place of another one
        message.add(name, ttl_s, rdtype, value)
    return message


def _parts(line: str) -> tuple[str, int, str, str]:
    name, ttl, _class, rdtype, value = line.split(" ", 4)
    return name, int(ttl), rdtype, value


def _keyring(key: TsigKey) -> dict[dns.name.Name, dns.tsig.Key]:
    secret = key.secret.reveal().decode()
    ring: dict[dns.name.Name, dns.tsig.Key] = dns.tsigkeyring.from_text({key.name: (key.algorithm, secret)})
    return ring


async def _exchange(server: Server, wire: bytes) -> bytes:
    reader, writer = await asyncio.open_connection(server.address, server.port)
    try:
        writer.write(len(wire).to_bytes(2, "big") + wire)
        length = int.from_bytes(await reader.readexactly(2), "big")
        return await reader.readexactly(length)
    finally:
        writer.close()


def _read_answer(raw: bytes, sent: dns.update.UpdateMessage, server: Server, zone: str, key: TsigKey) -> None:
    place, is_signed = _place(server), False
    try:
        answer = dns.message.from_wire(raw, keyring=_keyring(key), request_mac=sent.mac)
    except dns.tsig.PeerError as exc:
        said = _PEER_ERRORS.get(type(exc), f"refuses the signature ({type(exc).__name__})")
        raise _refused(f"{place} {said.format(key=key.name, zone=zone)}") from exc
    except (dns.exception.DNSException, ValueError):
        rcode = _rcode_of(raw, sent.id)
    else:
        rcode, is_signed = answer.rcode(), answer.had_tsig and answer.id == sent.id
    if rcode != dns.rcode.NOERROR:
        raise _refused(
            f"{place} {_MEANINGS.get(rcode, 'refuses the update')} ({dns.rcode.to_text(rcode)}); zone {zone}"
        )
    if not is_signed:
        raise _refused(f"{place} gave an answer that nobody signed as it should: look whether the update was made")


def _rcode_of(raw: bytes, wanted_id: int) -> dns.rcode.Rcode:
    """Of an answer that cannot be read as a whole: some refuse without repeating the question. No success comes so."""
    is_ours = len(raw) > 3 and int.from_bytes(raw[:2], "big") == wanted_id
    return dns.rcode.Rcode(raw[3] & 0x0F) if is_ours else dns.rcode.NOERROR


_PEER_ERRORS: Final[dict[type[dns.tsig.PeerError], str]] = {
    dns.tsig.PeerBadKey: "does not know the key {key}, or not for this: allow it to change {zone} there,"
    " or correct key_file",
    dns.tsig.PeerBadSignature: "has another secret for the key {key}: correct key_file",
    dns.tsig.PeerBadTime: "has a clock that differs from this one by more than five minutes: set them",
}
_MEANINGS: Final = {
    dns.rcode.REFUSED: "does not let this key change the zone: allow it there",
    dns.rcode.NOTAUTH: "does not take updates of the zone with this key: name its primary server, and the key there",
    dns.rcode.NOTZONE: "says that a name is not of the zone",
    dns.rcode.NOTIMP: "takes no updates at all",
    dns.rcode.SERVFAIL: "failed: its log says why",
    dns.rcode.YXDOMAIN: "has something else at a name that is to be an alias: look again, and change it by hand",
}


def _refused(detail: str) -> PermanentError:
    return PermanentError(Reason.NOT_PERMITTED, detail)


def _place(server: Server) -> str:
    return f"the DNS server {server.address} port {server.port}"

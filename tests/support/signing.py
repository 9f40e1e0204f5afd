"""Keys for the domains of a world, and dkimpy as somebody else's eye on what we sign."""

from collections.abc import Mapping
from functools import cache, partial
from typing import Any
from unittest.mock import patch

import dkim
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key

from skrytka.mail.outbox import dkim_keys
from skrytka.mail.outbox.authors import Authors
from skrytka.mail.outbox.signing import Signing
from skrytka.model.address import Domain
from skrytka.model.ids import UnitId, new_id
from skrytka.protocol.mailauth.dkim.key import Algorithm
from skrytka.store.commands.dkim import AddDkimKeys, DkimMove, MoveDkimKeys
from skrytka.store.rows import DkimState
from skrytka.store.sql import dkim as sql
from tests.unit.mail.world import World

BOTH = (Algorithm.RSA_SHA256, Algorithm.ED25519_SHA256)

FAR_S = 4_000_000_000.0


@cache
def rsa_key(**_kwargs: int) -> RSAPrivateKey:
    """One for all tests: to make it takes as long as a hundred of them."""
    return generate_private_key(public_exponent=65537, key_size=dkim_keys.RSA_BITS)


def unit(world: World) -> UnitId:
    return UnitId(new_id(world.clock, world.random))


async def give_keys(
    world: World, domain: str = "example.test", algorithms: tuple[Algorithm, ...] = BOTH
) -> dict[str, str]:
    """New keys of a domain; what is to be published: name to TXT record."""
    keys = await dkim_keys.dkim_keys(world.keys, world.random)
    rows = await world.store.read(sql.keys_of(domain))
    taken = frozenset(row.selector for row in rows)
    now_ms = world.clock.now_ms()
    made = tuple(
        dkim_keys.make_key(keys, Domain(domain), dkim_keys.selector_of(algorithm, now_ms, taken), algorithm)
        for algorithm in algorithms
    )
    await world.store.submit(AddDkimKeys(unit=unit(world), domain=domain, keys=made))
    selectors = {key.selector for key in made}
    rows = [row for row in await world.store.read(sql.keys_of(domain)) if row.selector in selectors]
    return {f"{row.selector}._domainkey.{domain}": dkim_keys.record_of(row) for row in rows}


async def use_keys(world: World, domain: str = "example.test", state: DkimState = DkimState.ACTIVE) -> None:
    """All keys of a domain get into that state."""
    rows = await world.store.read(sql.keys_of(domain))
    moves = tuple(DkimMove(row.selector, row.state, state) for row in rows)
    await world.store.submit(MoveDkimKeys(unit=unit(world), domain=domain, moves=moves))


def signing_of(world: World) -> Signing:
    return Signing(world.store, world.keys, Authors(world.inspector), world.clock, world.random, world.events)


def arc_verified(message: bytes, records: Mapping[str, str]) -> tuple[str, str]:
    """What dkimpy finds of the chain, and the domain of the newest seal."""
    with patch.object(dkim.time, "time", lambda: FAR_S):
        status, sets, _why = dkim.arc_verify(message, dnsfunc=partial(_txt, records))
    return status.decode(), sets[0]["as-domain"].decode() if sets else ""


def verified(message: bytes, records: Mapping[str, str]) -> dict[str, bool]:
    """What dkimpy finds of each signature, by selector and algorithm."""
    checker = dkim.DKIM(message)
    count = sum(name.lower() == b"dkim-signature" for name, _value in checker.headers)
    found = {}
    for index in range(count):
        with patch.object(dkim.time, "time", lambda: FAR_S):  # worlds live in the future, where t= is then
            try:
                is_valid = checker.verify(index, dnsfunc=partial(_txt, records))
            except dkim.ValidationError:  # of the body
                is_valid = False
        fields: dict[bytes, bytes] = checker.signature_fields
        found[f"{fields[b's'].decode()} {fields[b'a'].decode()}"] = bool(is_valid)
    return found


def _txt(records: Mapping[str, str], name: Any, **_kwargs: int) -> bytes | None:
    text = name.decode() if isinstance(name, bytes) else str(name)
    record = records.get(text.rstrip("."))
    return None if record is None else record.encode()

"""Keys from their making to their end, on a real store, with a zone that the test publishes."""

import dataclasses

import pytest

from skrytka.mail.admin.admin import Admin
from skrytka.mail.admin.dkim import UNPUBLISHED
from skrytka.mail.admin.dkim_deps import DkimDeps
from skrytka.mail.admin.dkim_life import DAY_MS
from skrytka.mail.outbox import dkim_keys
from skrytka.model.address import Domain
from skrytka.model.dns import Answer, Status
from skrytka.model.errors import PermanentError, Reason, TransientError
from skrytka.model.events import DkimKeyChanged, FaultRaised
from skrytka.store.commands.dkim import AddDkimKeys, MoveDkimKeys
from tests.support.outside import Outside, peer
from tests.support.signing import rsa_key, signing_of, verified
from tests.unit.mail.world import ACTOR, World

NAME = "example.test"
RSA, ED = "s20270115r", "s20270115e"
MESSAGE = b"From: alice@example.test\r\n\r\nHello\r\n"


class Zone:
    """What is published."""

    def __init__(self) -> None:
        self.records: dict[str, str] = {}
        self.is_away = False
        self.asked = 0

    async def query(self, name: Domain | str, _rdtype: str) -> Answer:
        self.asked += 1
        if self.is_away:
            raise TransientError(Reason.DNS_TIMEOUT)
        record = self.records.get(str(name))
        if record is None:
            return Answer(Status.NXDOMAIN)
        return Answer(Status.NOERROR, (record.encode(),))


class Keys:
    """Administration of a world's keys, and the mail that they sign."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.zone = Zone()
        life = DkimDeps(resolver=lambda: self.zone, age=world.clock)
        self.admin = Admin(dataclasses.replace(world.admin.dkim._deps, dkim=life))
        self.dkim = self.admin.dkim

    async def publish(self) -> None:
        for record in await self.dkim.records(NAME):
            self.zone.records[record.name] = record.text

    async def states(self) -> dict[str, str]:
        return {info.selector: info.state for info in await self.dkim.list(NAME)}

    async def days(self, days: float) -> None:
        self.world.clock.advance(days * DAY_MS / 1000)
        await self.dkim.tend()

    def faults(self) -> list[str]:
        events = self.world.events.events
        return [event.detail for event in events if isinstance(event, FaultRaised) and event.fault == UNPUBLISHED]

    async def sent(self) -> dict[str, bool]:
        """What dkimpy finds, with the records that are published."""
        async with peer() as mx:
            outside = Outside(self.world, mx.port, signing=signing_of(self.world))
            await outside.submit("x@example.net", message=MESSAGE)
            await outside.courier.run_once()
        return {name.split(" ")[0]: is_valid for name, is_valid in verified(mx.messages[0], self.zone.records).items()}


@pytest.fixture
def keys(world: World, monkeypatch: pytest.MonkeyPatch) -> Keys:
    monkeypatch.setattr(dkim_keys, "generate_private_key", rsa_key)
    return Keys(world)


async def test_a_key_lives_from_its_making_to_its_end(keys: Keys) -> None:
    await keys.dkim.tend()
    assert await keys.states() == {RSA: "new", ED: "new"}
    assert await keys.sent() == {}
    await keys.publish()
    await keys.dkim.tend()
    assert await keys.states() == {RSA: "active", ED: "active"}
    assert await keys.sent() == {RSA: True, ED: True}
    await keys.days(166)
    new_rsa, new_ed = "s20270630r", "s20270630e"
    assert await keys.states() == {RSA: "active", ED: "active", new_rsa: "new", new_ed: "new"}
    await keys.days(1)
    await keys.publish()
    await keys.days(1)
    assert (await keys.states())[new_rsa] == "waiting"
    assert await keys.sent() == {RSA: True, ED: True}
    await keys.days(2)
    assert await keys.states() == {RSA: "retired", ED: "retired", new_rsa: "active", new_ed: "active"}
    assert await keys.sent() == {new_rsa: True, new_ed: True}
    await keys.days(14)
    assert await keys.states() == {RSA: "revoked", ED: "revoked", new_rsa: "active", new_ed: "active"}
    revoked = [record for record in await keys.dkim.records(NAME) if record.is_revoked]
    assert [record.text for record in revoked] == ["v=DKIM1; k=ed25519; p=", "v=DKIM1; k=rsa; p="]
    await keys.days(30)
    assert await keys.states() == {new_rsa: "active", new_ed: "active"}
    changes = [event for event in keys.world.events.events if isinstance(event, DkimKeyChanged)]
    assert [change.state for change in changes if change.selector == RSA] == [
        "new",
        "active",
        "retired",
        "revoked",
        "gone",
    ]
    assert {change.actor for change in changes} == {"timer"}
    assert "PRIVATE" not in repr(keys.world.events.events)


async def test_no_key_is_used_that_dns_does_not_show_and_that_is_told_once_a_day(keys: Keys) -> None:
    await keys.dkim.tend()
    await keys.publish()
    keys.zone.records = {name: text.replace("p=", "p=AAAA") for name, text in keys.zone.records.items()}
    for _ in range(3):
        await keys.days(0.01)
    assert set((await keys.states()).values()) == {"new"}
    assert [said.partition(":")[0] for said in keys.faults()] == [
        "s20270115r._domainkey.example.test has another record in DNS",
        "s20270115e._domainkey.example.test has another record in DNS",
    ]
    await keys.days(1)
    assert len(keys.faults()) == 4
    with pytest.raises(PermanentError, match="another record") as caught:
        await keys.dkim.use(NAME, RSA, ACTOR)
    assert caught.value.reason is Reason.NOT_PERMITTED


async def test_dns_that_does_not_answer_changes_nothing_and_is_no_complaint(keys: Keys) -> None:
    await keys.dkim.tend()
    keys.zone.is_away = True
    await keys.days(400)
    assert (set((await keys.states()).values()), keys.faults()) == ({"new"}, [])
    assert {info.dns for info in await keys.dkim.show(NAME)} == {"unknown"}


async def test_a_key_in_use_is_looked_up_once_a_day(keys: Keys) -> None:
    await keys.dkim.tend()
    await keys.publish()
    await keys.dkim.tend()
    asked = keys.zone.asked
    for _ in range(10):
        await keys.days(0.01)
    assert keys.zone.asked - asked == 2
    keys.zone.records.clear()
    await keys.days(1)
    assert len(keys.faults()) == 2
    assert await keys.states() == {RSA: "active", ED: "active"}
    await keys.dkim.check(NAME, ACTOR)
    assert len(keys.faults()) == 4


async def test_a_rotation_by_hand_and_its_undoing(keys: Keys) -> None:
    await keys.dkim.tend()
    await keys.publish()
    await keys.dkim.check(None, ACTOR)
    made = await keys.dkim.rotate(NAME, ACTOR)
    assert [info.selector for info in made if info.state == "new"] == ["s20270115e2", "s20270115r2"]
    with pytest.raises(PermanentError) as caught:
        await keys.dkim.rotate(NAME, ACTOR)
    assert caught.value.reason is Reason.ALREADY_EXISTS
    await keys.dkim.revoke(NAME, "s20270115e2", ACTOR)
    assert await keys.states() == {RSA: "active", ED: "active", "s20270115r2": "new"}
    await keys.publish()
    await keys.dkim.use(NAME, "s20270115r2", ACTOR)
    assert (await keys.states())[RSA] == "retired"
    assert await keys.sent() == {"s20270115r2": True, ED: True}
    await keys.dkim.use(NAME, RSA, ACTOR)
    assert await keys.sent() == {RSA: True, ED: True}
    assert await keys.states() == {RSA: "active", ED: "active", "s20270115r2": "retired"}


async def test_a_revoked_key_never_signs_again_and_another_is_made(keys: Keys) -> None:
    await keys.dkim.tend()
    await keys.publish()
    await keys.dkim.tend()
    await keys.dkim.revoke(NAME, RSA, ACTOR)
    assert await keys.sent() == {ED: True}
    for verb in (keys.dkim.use, keys.dkim.revoke):
        with pytest.raises(PermanentError) as caught:
            await verb(NAME, RSA, ACTOR)
        assert caught.value.reason is Reason.NOT_PERMITTED
    with pytest.raises(PermanentError) as caught:
        await keys.dkim.use(NAME, "s1", ACTOR)
    assert caught.value.reason is Reason.NO_SUCH_OBJECT
    await keys.dkim.tend()
    assert await keys.states() == {RSA: "revoked", ED: "active", "s20270115r2": "new"}


@pytest.mark.parametrize("is_late", [False, True], ids=["before it happened", "after it happened"])
async def test_a_store_that_goes_away_amid_a_rotation_leaves_a_key_in_use(keys: Keys, is_late: bool) -> None:
    await keys.dkim.tend()
    await keys.publish()
    await keys.dkim.tend()
    await keys.dkim.rotate(NAME, ACTOR)
    await keys.publish()
    await keys.dkim.tend()
    keys.world.store.is_late = is_late
    keys.world.store.failures = {MoveDkimKeys: [TransientError(Reason.STORE_DOWN)]}
    with pytest.raises(TransientError):
        await keys.days(2)
    assert sorted((await keys.states()).values()).count("active") == 2
    assert len(await keys.sent()) == 2
    await keys.dkim.tend()
    assert await keys.states() == {RSA: "retired", ED: "retired", "s20270115r2": "active", "s20270115e2": "active"}


async def test_one_domain_that_fails_hinders_no_other(keys: Keys) -> None:
    await keys.admin.domains.add("b.test", ACTOR)
    await keys.admin.domains.add("c.test", ACTOR)
    assert len(await keys.dkim.list("b.test")) == 2
    keys.world.store.failures = {AddDkimKeys: [TransientError(Reason.STORE_BUSY)]}
    with pytest.raises(TransientError):
        await keys.dkim.tend()
    assert await keys.states() == {}
    assert len(await keys.dkim.list()) == 4
    await keys.dkim.tend()
    assert len(await keys.dkim.list()) == 6


async def test_a_new_domain_is_there_though_its_keys_could_not_be_made(keys: Keys) -> None:
    keys.world.store.failures = {AddDkimKeys: [TransientError(Reason.STORE_BUSY)]}
    await keys.admin.domains.add("b.test", ACTOR)
    assert await keys.dkim.list("b.test") == []
    await keys.dkim.tend()
    assert len(await keys.dkim.list("b.test")) == 2


async def test_who_does_not_deal_with_keys_makes_none(world: World) -> None:
    await world.admin.domains.add("b.test", ACTOR)
    assert await world.admin.dkim.list() == []
    with pytest.raises(PermanentError) as caught:
        await world.admin.dkim.tend()
    assert caught.value.reason is Reason.UNSUPPORTED
    with pytest.raises(PermanentError) as caught:
        await world.admin.dkim.list("nowhere.test")
    assert caught.value.reason is Reason.NO_SUCH_DOMAIN

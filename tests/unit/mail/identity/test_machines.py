import ssl
from datetime import UTC, datetime

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import ExtendedKeyUsageOID

from skrytka.mail.identity.access_deps import AccessDeps
from skrytka.mail.identity.machines import Enrolled, Machines
from skrytka.model.errors import PermanentError, Reason
from skrytka.model.events import MachineChanged
from skrytka.model.ids import AccountId
from skrytka.model.machine import SERVERS, Machine, Purpose
from skrytka.model.secret import Secret
from skrytka.net.machines import new_request, read_machine
from tests.unit.mail.world import ACTOR, World

HOURS = 5


def machine_of(enrolled: Enrolled) -> Machine:
    pem = x509.load_pem_x509_certificate(enrolled.certificate.encode())
    found = read_machine(pem.public_bytes(Encoding.DER))
    assert found is not None
    return found


async def enrolled(machines: Machines, account: AccountId, name: str = "laptop") -> Enrolled:
    invitation = await machines.invite(account, Purpose.REMOTE, name, ACTOR)
    assert invitation.token not in repr(invitation)
    return await machines.enrol(Secret(invitation.token), new_request()[1], HOURS)


def reason_of(caught: pytest.ExceptionInfo[PermanentError]) -> Reason:
    return caught.value.reason


async def test_who_is_invited_gets_a_certificate_once_and_the_next_one_by_it(world: World, access: AccessDeps) -> None:
    machines, alice = Machines(access, world.events), await world.account("alice")
    await machines.look()
    assert [machines.is_inviting, machines.has_any] == [False, False]
    invitation = await machines.invite(alice, Purpose.REMOTE, "Alice's laptop", ACTOR, minutes=5)
    assert [machines.is_inviting, machines.has_any] == [True, True]
    key, request = new_request()
    made = await machines.enrol(Secret(invitation.token), request, HOURS)
    assert made.expires_at_ms == world.clock.now_ms() + HOURS * 3_600_000
    machine = machine_of(made)
    assert (machine.purpose, machine.account) == (Purpose.REMOTE, alice)
    with pytest.raises(PermanentError) as caught:
        await machines.enrol(Secret(invitation.token), request, HOURS)
    assert reason_of(caught) is Reason.BAD_CREDENTIALS
    world.clock.advance(3600)
    assert await machines.holds(machine)
    again = await machines.renew(machine, new_request()[1], HOURS)
    assert machine_of(again) == machine
    (info,) = await machines.list()
    assert [machines.is_inviting, machines.has_any] == [False, True]
    assert (info.id, info.address, info.name, info.invited_by) == (
        made.id,
        "alice@example.test",
        "Alice's laptop",
        ACTOR,
    )
    assert info.expires_at_ms - info.enrolled_at_ms == (HOURS + 1) * 3_600_000
    assert [event.action for event in world.events.events if isinstance(event, MachineChanged)] == [
        "enrolled",
        "renewed",
    ]
    assert key.reveal().startswith(b"-----BEGIN PRIVATE KEY")


async def test_a_certificate_says_what_it_is_for_and_nothing_that_was_asked_for(
    world: World, access: AccessDeps
) -> None:
    machines = Machines(access, world.events)
    made = await enrolled(machines, await world.account("alice"))
    leaf = x509.load_pem_x509_certificate(made.certificate.encode())
    leaf.verify_directly_issued_by(x509.load_pem_x509_certificate(made.authority.encode()))
    usage = leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert list(usage) == [ExtendedKeyUsageOID.CLIENT_AUTH]
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert [type(name) for name in names] == [x509.UniformResourceIdentifier]
    assert leaf.subject.rfc4514_string() == f"CN={machine_of(made).uri}"
    assert leaf.not_valid_after_utc == datetime.fromtimestamp(made.expires_at_ms // 1000, UTC)
    assert not leaf.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    ssl.create_default_context(cadata=made.authority)


async def test_a_server_s_certificate_has_its_name_and_is_for_both_ends(world: World, access: AccessDeps) -> None:
    machines = Machines(access, world.events)
    invitation = await machines.invite(SERVERS, Purpose.NODE, "node-2.example.test", ACTOR)
    made = await machines.enrol(Secret(invitation.token), new_request()[1], HOURS)
    leaf = x509.load_pem_x509_certificate(made.certificate.encode())
    names = leaf.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["node-2.example.test"]
    usage = leaf.extensions.get_extension_for_class(x509.ExtendedKeyUsage).value
    assert set(usage) == {ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH}
    machine = machine_of(made)
    assert machine.purpose is Purpose.NODE
    assert (await machines.list())[0].address == ""
    await machines.revoke(SERVERS, made.id, ACTOR)
    assert not await machines.holds(machine)


async def test_a_token_that_is_not_right_opens_nothing_and_a_bad_request_does_not_use_it_up(
    world: World, access: AccessDeps
) -> None:
    machines, alice = Machines(access, world.events), await world.account("alice")
    token = (await machines.invite(alice, Purpose.REMOTE, "laptop", ACTOR)).token
    request = new_request()[1]
    wrong = ("", "x", token[:-1] + ("0" if token[-1] != "0" else "1"), token.replace(f"_{alice}_", "_9_"), token + "0")
    for each in wrong:
        with pytest.raises(PermanentError) as caught:
            await machines.enrol(Secret(each), request, HOURS)
        assert reason_of(caught) is Reason.BAD_CREDENTIALS
    with pytest.raises(PermanentError) as caught:
        await machines.enrol(Secret(token), "no request", HOURS)
    assert reason_of(caught) is Reason.BAD_SYNTAX
    await machines.enrol(Secret(token), request, HOURS)
    late = (await machines.invite(alice, Purpose.REMOTE, "laptop", ACTOR)).token
    world.clock.advance(15 * 60)
    with pytest.raises(PermanentError):
        await machines.enrol(Secret(late), request, HOURS)
    assert token.encode() not in b"".join(path.read_bytes() for path in world.root.rglob("*") if path.is_file())


async def test_who_is_put_out_or_whose_account_is_closed_gets_no_other_one(world: World, access: AccessDeps) -> None:
    machines, alice, bob = Machines(access, world.events), await world.account("alice"), await world.account("bob")
    one, two = machine_of(await enrolled(machines, alice)), machine_of(await enrolled(machines, bob))
    await machines.revoke(alice, (await machines.list())[0].id, ACTOR)
    assert not await machines.holds(one)
    assert await machines.holds(two)
    await world.admin.accounts.suspend("bob@example.test", ACTOR)
    assert not await machines.holds(two)
    for machine in (one, two):
        with pytest.raises(PermanentError) as caught:
            await machines.renew(machine, new_request()[1], HOURS)
        assert reason_of(caught) is Reason.NOT_PERMITTED
    for wrong in ("x", "0" * 26):
        with pytest.raises(PermanentError) as caught:
            await machines.revoke(alice, wrong, ACTOR)
        assert reason_of(caught) is Reason.NO_SUCH_OBJECT
    other = Machine(Purpose.NODE, two.account, two.machine)  # signed by nobody; but were it
    assert not await machines.holds(other)


async def test_that_it_was_not_the_owner_ends_his_machines(world: World, access: AccessDeps) -> None:
    machines = Machines(access, world.events)
    machine = machine_of(await enrolled(machines, await world.account("alice")))
    await world.admin.compromise.lock("alice@example.test", ACTOR)
    assert not await machines.holds(machine)


async def test_a_process_that_starts_knows_of_machines_and_invitations(world: World, access: AccessDeps) -> None:
    first, alice = Machines(access, world.events), await world.account("alice")
    await first.invite(alice, Purpose.REMOTE, "laptop", ACTOR)
    second = Machines(access, world.events)
    await second.look()
    assert second.is_inviting
    assert second.has_any


@pytest.mark.parametrize(
    ("purpose", "is_server", "name", "minutes"),
    [
        (Purpose.REMOTE, False, "", 5),
        (Purpose.REMOTE, False, "x" * 65, 5),
        (Purpose.REMOTE, False, "a\tb", 5),
        (Purpose.REMOTE, False, "laptop", 0),
        (Purpose.REMOTE, False, "laptop", 61),
        (Purpose.REMOTE, True, "laptop", 5),
        (Purpose.NODE, False, "node", 5),
        (Purpose.NODE, True, "Node one", 5),
        (Purpose.STANDBY, True, "*.example.test", 5),
    ],
)
async def test_what_is_no_invitation(
    world: World, access: AccessDeps, purpose: Purpose, is_server: bool, name: str, minutes: int
) -> None:
    account = SERVERS if is_server else await world.account("alice")
    with pytest.raises(PermanentError) as caught:
        await Machines(access, world.events).invite(account, purpose, name, ACTOR, minutes=minutes)
    assert reason_of(caught) is Reason.BAD_SYNTAX

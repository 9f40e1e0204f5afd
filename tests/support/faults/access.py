"""One row of everything that is kept of roles, sessions, keys of programs, machines and approvals."""

from skrytka.mail.identity.access_deps import AccessDeps
from skrytka.mail.identity.api_keys import ApiKeys, Limits
from skrytka.mail.identity.approvals import Approvals
from skrytka.mail.identity.four_eyes import Hands, Kind
from skrytka.mail.identity.machines import Machines
from skrytka.mail.identity.repeats import Repeats, Said
from skrytka.mail.identity.sessions import Place, Sessions
from skrytka.model.actor import AccessRole, Actor, Grant
from skrytka.model.clock import Clock, Random
from skrytka.model.ids import AccountId, new_unit
from skrytka.model.machine import Purpose
from skrytka.model.secret import Secret
from skrytka.model.settings import Approvals as ApprovalSettings
from skrytka.net.machines import new_request
from skrytka.store.access_rows import HandKind
from skrytka.store.api import Store
from skrytka.store.commands import GiveRole
from skrytka.store.seal.source import KeySource
from tests.unit.mail.support import Recorder


async def come_in(store: Store, keys: KeySource, clock: Clock, random: Random) -> None:
    """Account 1 logs in, makes a key and asks for what takes two; account 2 decides."""
    deps = AccessDeps(store=store, keys=keys, clock=clock, random=random)
    account = AccountId(1)
    admin = Actor("admin", account, (Grant(AccessRole.SYSTEM_ADMIN),))
    await Sessions(deps).begin(account, Place("192.0.2.1", "Mozilla/5.0 (X11; Linux x86_64)"), is_proved=True)
    await ApiKeys(deps).add(Limits("synchronisation of people", ("account.read",)), 90, admin)
    machines = Machines(deps, Recorder())
    invitation = await machines.invite(account, Purpose.REMOTE, "laptop of the administrator", "local root")
    await machines.enrol(Secret(invitation.token), new_request()[1], 168)
    await machines.invite(account, Purpose.REMOTE, "another laptop", "local root")
    said = Said(200, b'{"address":"bob@example.test"}', (("Content-Type", "application/json"),))
    await Repeats(deps).begin(account, b"session and key", b"what was asked")
    await Repeats(deps).end(account, b"session and key", said)
    hands = Hands(deps, ApprovalSettings)
    approvals = Approvals(deps, hands)
    await hands.note(AccountId(3), HandKind.PASSWORD, admin)
    await store.submit(GiveRole(unit=new_unit(clock, random), account=AccountId(2), role="security_officer"))
    args = b'{"address":"bob@example.test"}'
    asked = await approvals.ask("account.remove", Kind.ERASE, args, "he left in spring", admin)
    second = Actor("officer", AccountId(2), (Grant(AccessRole.SECURITY_OFFICER),))
    await approvals.decide(asked.id, "seen in the office", second, is_approved=True)

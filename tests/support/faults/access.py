"""One row of everything that is kept of roles, sessions, keys of programs and approvals."""

from skrytka.mail.identity.access_deps import AccessDeps
from skrytka.mail.identity.api_keys import ApiKeys, Limits
from skrytka.mail.identity.approvals import Approvals
from skrytka.mail.identity.sessions import Place, Sessions
from skrytka.model.actor import AccessRole, Actor, Grant
from skrytka.model.clock import Clock, Random
from skrytka.model.ids import AccountId
from skrytka.store.api import Store
from skrytka.store.seal.source import KeySource


async def come_in(store: Store, keys: KeySource, clock: Clock, random: Random) -> None:
    """Account 1 logs in, makes a key and asks for what takes two; account 2 decides."""
    deps = AccessDeps(store=store, keys=keys, clock=clock, random=random)
    account = AccountId(1)
    admin = Actor("admin", account, (Grant(AccessRole.SYSTEM_ADMIN),))
    await Sessions(deps).begin(account, Place("192.0.2.1", "Mozilla/5.0 (X11; Linux x86_64)"), is_proved=True)
    await ApiKeys(deps).add(Limits("synchronisation of people", ("account.read",)), 90, admin)
    asked = await Approvals(deps).ask("account.remove", b'{"address":"bob@example.test"}', "he left in spring", admin)
    second = Actor("officer", AccountId(2), (Grant(AccessRole.SECURITY_OFFICER),))
    await Approvals(deps).decide(asked.id, "seen in the office", second, is_approved=True)

"""Administration in one place: used by the control socket, and by the CLI when the server is stopped."""

from skrytka.mail.admin.access import Access
from skrytka.mail.admin.accounts import Accounts
from skrytka.mail.admin.aliases import Aliases
from skrytka.mail.admin.app_passwords import AppPasswords
from skrytka.mail.admin.base import AdminDeps
from skrytka.mail.admin.compromise import Compromise
from skrytka.mail.admin.dkim import DkimKeys
from skrytka.mail.admin.dns import DomainDns
from skrytka.mail.admin.dns_drift import DnsDrift
from skrytka.mail.admin.dns_publish import DnsPublishing
from skrytka.mail.admin.domains import Domains
from skrytka.mail.admin.factors import AccountFactors
from skrytka.mail.admin.mfa import MfaRules
from skrytka.mail.admin.oauth import Programs
from skrytka.mail.admin.outside import OutsidePeople
from skrytka.mail.admin.provided import ProvidedPeople
from skrytka.mail.admin.queue import Queue
from skrytka.mail.admin.sharing import Sharing
from skrytka.mail.admin.types import AccountInfo
from skrytka.mail.identity.access_deps import AccessDeps
from skrytka.mail.identity.api_keys import ApiKeys
from skrytka.mail.identity.approvals import Approvals
from skrytka.mail.identity.four_eyes import Hands
from skrytka.mail.identity.machines import Machines
from skrytka.mail.identity.repeats import Repeats
from skrytka.mail.identity.roles import Roles
from skrytka.mail.identity.sessions import Sessions
from skrytka.model.secret import Secret


class Admin:
    """All of it; ``actor`` is who asked, "local root" for instance. PermanentError's detail is for him to read."""

    def __init__(self, deps: AdminDeps) -> None:
        self.domains = Domains(deps)
        self.accounts = Accounts(deps)
        self.aliases = Aliases(deps)
        self.factors = AccountFactors(deps)
        self.mfa = MfaRules(deps)
        self.app_passwords = AppPasswords(deps)
        self.access = Access(deps)
        self.sharing = Sharing(deps)
        self.queue = Queue(deps)
        self.programs = Programs(deps)
        self.compromise = Compromise(deps, self.queue)
        self.outside = OutsidePeople(deps, self.accounts)
        self.provided = ProvidedPeople(deps, self.accounts)
        self.dkim = DkimKeys(deps)
        self.dns = DomainDns(deps)
        self.drift = DnsDrift(deps, self.dns)
        self.publishing = DnsPublishing(deps, self.dns)
        access = AccessDeps(store=deps.store, keys=deps.keys, clock=deps.clock, random=deps.random)
        self.roles = Roles(access)
        self.sessions = Sessions(access)
        self.api_keys = ApiKeys(access)
        self.machines = Machines(access, deps.events)
        self.repeats = Repeats(access)
        self.hands = Hands(access, deps.approvals)
        self.approvals = Approvals(access, self.hands)
        self.store = deps.store
        self.clock = deps.clock
        self.events = deps.events

    async def init(self, domain: str, admin: str, password: Secret, actor: str) -> AccountInfo:
        """The first domain and its first administrator, who answers for its postmaster."""
        await self.domains.add(domain, actor)
        return await self.accounts.add(admin, password, actor, is_admin=True)

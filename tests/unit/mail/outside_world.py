"""example.org in a real slapd, and a server that takes its people from there."""

from typing import Any

from skrytka.mail.admin.admin import Admin
from skrytka.mail.admin.base import AdminDeps
from skrytka.mail.identity.directory import StoredCredentials
from skrytka.mail.identity.gate import Gate
from skrytka.mail.identity.login import Identity
from skrytka.mail.identity.outside import Outside, OutsidePasswords
from skrytka.mail.identity.passwords import Cost, RecentLogins
from skrytka.model.secret import Secret
from skrytka.model.settings import DirectoryRole, Login, OutsideDirectory
from skrytka.net.client_tls import ClientTls
from skrytka.net.dialer import Dialer
from skrytka.net.dns.zone import StaticZone
from skrytka.net.ldap import Ldap, LdapUrl
from skrytka.net.limits import LimitTable, LocalLimits
from skrytka.net.sweeper import Sweeper
from tests.support.slapd import Slapd
from tests.unit.mail.world import ACTOR, World

ZONE = "localhost:\n  - A: 127.0.0.1\n"
USERS = DirectoryRole(group="CN=users,DC=example,DC=org", role="help_desk", domain="example.org")


class OutsideWorld:
    """``await ready()`` hosts example.org too."""

    def __init__(self, world: World, server: Slapd, **changes: Any) -> None:
        values: dict[str, Any] = {
            "urls": (server.ldaps,),
            "domains": ("example.org",),
            "base": server.base,
            "bind_dn": "cn=reader,dc=example,dc=org",
            "sync_filter": "(&(objectClass=inetOrgPerson)(employeeType=user))",
            "group_attribute": "businessCategory",
            "roles": (USERS,),
        }
        self.world = world
        self.settings = OutsideDirectory(**(values | changes))
        ldap = Ldap(
            [LdapUrl.parse(url) for url in self.settings.urls],
            Dialer(Sweeper(world.clock), service="test"),
            StaticZone.parse(ZONE),
            ClientTls(),
            world.clock,
            ca_file=str(server.ca),
        )
        self.outside = Outside(ldap, self.settings, lambda: Secret("reader-password"))
        self.passwords = OutsidePasswords(self.outside, Secret(b"p" * 32), world.random, cost=Cost(1, 64), threads=1)
        self.admin = Admin(
            AdminDeps(
                store=world.store,
                keys=world.keys,
                passwords=self.passwords,
                events=world.events,
                clock=world.clock,
                random=world.random,
                outside=self.outside,
                outside_roles=self.settings.roles,
            )
        )
        self.passwords.provision = self.admin.outside.provision
        gate = Gate(LocalLimits(LimitTable(world.clock)), Login(), world.events, Secret(b"n" * 32))
        self.identity = Identity(
            StoredCredentials(world.store, world.clock, world.random),
            self.passwords,
            RecentLogins(world.clock, world.random),
            gate,
            world.clock,
        )

    async def ready(self) -> None:
        await self.world.admin.domains.add("example.org", ACTOR)
        self.world.events.events.clear()

    async def addresses(self) -> list[str]:
        return [row.address for row in await self.admin.accounts.list("example.org")]

"""Composition of what mail programs log in with beside the password."""

from skrytka.daemon.deliveries import Base
from skrytka.mail.identity.access_deps import AccessDeps
from skrytka.mail.identity.app_passwords import AppPasswords
from skrytka.mail.identity.bearers import Bearers
from skrytka.mail.identity.certificates import ClientCertificates
from skrytka.mail.identity.last_use import LastUses
from skrytka.mail.identity.openid.links import Links
from skrytka.mail.identity.programs import MailPrograms
from skrytka.mail.identity.scram import ScramProofs


def mail_programs(base: Base, bearers: Bearers | None = None) -> MailPrograms:
    """Of one front."""
    access = AccessDeps(store=base.store, keys=base.keys, clock=base.clock, random=base.random)
    apps = AppPasswords(base.store, base.keys, base.clock, base.random)
    return MailPrograms(
        apps=apps,
        proofs=ScramProofs(apps, base.random),
        uses=LastUses(base.store, apps, base.clock, base.random),
        certificates=ClientCertificates(base.store),
        clock=base.clock,
        bearers=bearers,
        links=Links(access, [one.issuer for one in base.settings.providers]),
    )

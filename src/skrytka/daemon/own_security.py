"""Composition of what people do about their own passwords and factors, for the front that has the pages."""

from urllib.parse import urlsplit

from skrytka.daemon.deliveries import Base
from skrytka.daemon.password_policy import password_policy
from skrytka.daemon.web import origin
from skrytka.mail.identity.change import ChangeDeps, PasswordChanges
from skrytka.mail.identity.factors import FactorDeps, Factors
from skrytka.mail.identity.login import Identity
from skrytka.mail.identity.passwords import Passwords
from skrytka.mail.identity.proofs import Proofs
from skrytka.mail.identity.webauthn import WebAuthn
from skrytka.model.settings import Settings
from skrytka.web.people.own_security import OwnSecurity


def own_security(base: Base, settings: Settings, passwords: Passwords, identity: Identity) -> OwnSecurity:
    """Its settings hold from the next restart or reload on; challenges that wait then have to be asked for anew."""
    page = origin(settings)
    web = WebAuthn(urlsplit(page).hostname or "", frozenset({page}), base.clock, base.random)
    factors = Factors(
        FactorDeps(
            store=base.store,
            keys=base.keys,
            events=base.events,
            clock=base.clock,
            random=base.random,
            webauthn=web,
            is_demo=settings.is_demo,
        )
    )
    changes = ChangeDeps(
        store=base.store,
        keys=base.keys,
        passwords=passwords,
        events=base.events,
        clock=base.clock,
        random=base.random,
    )
    policy = password_policy(settings, base.layout, base.events)
    return OwnSecurity(
        factors=factors,
        proofs=Proofs(factors, base.limits),
        changes=PasswordChanges(changes, policy, base.limits),
        identity=identity,
        clock=base.clock,
        random=base.random,
    )

"""By what mail programs prove whose they are, beside the password: app passwords, SCRAM, tokens, certificates."""

from dataclasses import dataclass

from skrytka.mail.identity.app_passwords import AppPassword, AppPasswords
from skrytka.mail.identity.bearers import Bearer, Bearers
from skrytka.mail.identity.certificates import ClientCertificates
from skrytka.mail.identity.last_use import LastUses
from skrytka.mail.identity.openid.links import Links
from skrytka.mail.identity.scram import ScramProofs
from skrytka.mail.identity.types import Credential, Login, Means, Peer, right_of
from skrytka.model.clock import Clock


@dataclass(frozen=True, slots=True, kw_only=True)
class MailPrograms:
    """Of one process."""

    apps: AppPasswords
    proofs: ScramProofs
    uses: LastUses
    certificates: ClientCertificates
    clock: Clock
    bearers: Bearers | None = None  # None: nobody issues tokens here
    links: Links | None = None  # None: nobody signs in by a provider of another house

    def by_app(self, found: Credential, app: AppPassword, facts: Peer) -> Login:
        """The login of an app password, whose use is noted."""
        self.uses.note(app, facts)
        return Login(found.account, found.address, app.mac, Means.APP_PASSWORD, app.expires_at_ms)

    async def is_still_valid(self, login: Login, facts: Peer) -> bool:
        """Whether the very thing that the login was proven by opens that service still; expiry is looked at before."""
        if login.means is Means.APP_PASSWORD:
            app = await self.apps.by_mac(login.account, login.proof)
            return app is not None and app.refusal(facts, self.clock.now_ms()) is None
        if login.means is Means.CERTIFICATE:
            return await self.certificates.is_still(login.proof, login.address)
        if login.means is Means.PROVIDER and self.links is not None:
            return await self.links.is_still(login)
        if login.means is Means.TOKEN and self.bearers is not None:
            bearer = Bearer(login.address, login.proof, login.expires_at_ms)
            return await self.bearers.is_still_valid(bearer, right_of(facts.service))
        return False

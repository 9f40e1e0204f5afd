"""Events about programs that people let into their mail by OAuth."""

from skrytka.model.events.admin import AdminEvent
from skrytka.model.events.auth import AuthEvent


class OAuthGranted(AuthEvent, frozen=True, kw_only=True):
    """A program got its first tokens."""

    PERSONAL = frozenset({"account_name", "remote"})
    ADDRESSES = frozenset({"account_name"})
    account: int
    account_name: str
    client: str
    scopes: tuple[str, ...]
    remote: str  # of the program
    grant_type: str  # authorization_code, device_code


class OAuthRefused(AuthEvent, frozen=True, kw_only=True):
    """A program got nothing, since what it showed is not right."""

    PERSONAL = frozenset({"remote"})
    client: str  # "" when it is none of ours
    remote: str
    endpoint: str  # token, revoke, introspect, device_authorization
    error: str  # of RFC 6749 5.2


class OAuthRevoked(AuthEvent, frozen=True, kw_only=True):
    """What an account allowed has ended."""

    PERSONAL = frozenset({"account_name", "actor"})
    ADDRESSES = frozenset({"account_name"})
    account: int
    account_name: str
    client: str  # "" for all that the account had
    grants: int
    cause: str  # client, owner, admin; reuse: a token came twice, so two have it
    actor: str = ""


class OAuthClientChanged(AdminEvent, frozen=True, kw_only=True):
    """A program was registered or sent away."""

    PERSONAL = frozenset({"actor"})
    actor: str
    action: str  # oauth.client.add, oauth.client.remove
    client: str
    redirect_uris: tuple[str, ...] = ()
    scopes: tuple[str, ...] = ()
    grants: int = 0  # that ended with it

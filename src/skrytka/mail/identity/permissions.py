"""What each role may do: one table, and the one function that reads it. What is not in the table is denied.

A grant holds in one domain or everywhere. Who has a permission somewhere, but not where the object is, learns nothing
of the object: NO_SUCH_OBJECT, as if it were not there. Who has it nowhere is told so: NOT_PERMITTED.
"""

from enum import StrEnum
from typing import Final

from skrytka.model.actor import AccessRole, Actor, Grant
from skrytka.model.errors import PermanentError, Reason


class Permission(StrEnum):
    """One kind of thing that may be done; a command has one."""

    PING = "ping"
    DOMAIN_READ = "domain.read"
    DOMAIN_WRITE = "domain.write"
    DNS_READ = "dns.read"
    DNS_WRITE = "dns.write"
    DKIM_READ = "dkim.read"
    DKIM_WRITE = "dkim.write"
    ACCOUNT_READ = "account.read"
    ACCOUNT_WRITE = "account.write"
    ACCOUNT_PASSWORD = "account.password"  # noqa: S105 - a name
    ACCOUNT_SUSPEND = "account.suspend"
    ACCOUNT_REMOVE = "account.remove"
    ALIAS_READ = "alias.read"
    ALIAS_WRITE = "alias.write"
    QUEUE_READ = "queue.read"
    QUEUE_WRITE = "queue.write"
    TRACE_READ = "trace.read"
    REPORT_READ = "report.read"  # what other servers say about our mail
    STORE_CHECK = "store.check"
    CERTIFICATE_READ = "certificate.read"
    CERTIFICATE_WRITE = "certificate.write"
    SETTINGS_READ = "settings.read"
    ROLE_READ = "role.read"
    ROLE_WRITE = "role.write"
    FACTOR_READ = "factor.read"
    FACTOR_WRITE = "factor.write"
    CREDENTIAL_READ = "credential.read"  # app passwords, tokens: that they are there, never what they are
    CREDENTIAL_WRITE = "credential.write"  # to make one for somebody else: whoever has it reads his mail
    CREDENTIAL_REVOKE = "credential.revoke"
    OAUTH_CLIENT_READ = "oauth_client.read"  # programs that may ask to be let in
    OAUTH_CLIENT_WRITE = "oauth_client.write"
    DIRECTORY_SYNC = "directory.sync"  # accounts and roles as an outside directory has them
    ACCESS_READ = "access.read"  # services, networks, hours, senders, limits, delegations of an account
    ACCESS_WRITE = "access.write"
    LOGIN_READ = "login.read"  # where somebody logged in from
    SESSION_READ = "session.read"
    SESSION_REVOKE = "session.revoke"
    API_KEY_READ = "api_key.read"
    API_KEY_WRITE = "api_key.write"
    APPROVAL_READ = "approval.read"
    APPROVAL_ASK = "approval.ask"
    APPROVAL_DECIDE = "approval.decide"
    OWN = "own"  # what is one's own: sessions, factors, app passwords, the login log


P = Permission
_DOMAIN_ADMIN: Final = frozenset(
    {
        *(P.PING, P.OWN, P.DOMAIN_READ, P.DNS_READ, P.DKIM_READ, P.DKIM_WRITE, P.ALIAS_READ, P.ALIAS_WRITE),
        *(P.ACCOUNT_READ, P.ACCOUNT_WRITE, P.ACCOUNT_PASSWORD, P.ACCOUNT_SUSPEND, P.ACCOUNT_REMOVE, P.TRACE_READ),
        *(P.FACTOR_READ, P.FACTOR_WRITE, P.CREDENTIAL_READ, P.CREDENTIAL_REVOKE, P.ACCESS_READ, P.ACCESS_WRITE),
        *(P.LOGIN_READ, P.SESSION_READ, P.SESSION_REVOKE, P.ROLE_READ, P.ROLE_WRITE, P.APPROVAL_ASK, P.REPORT_READ),
    }
)
_READS: Final = frozenset(
    {
        *(P.PING, P.OWN, P.DOMAIN_READ, P.DNS_READ, P.DKIM_READ, P.ACCOUNT_READ, P.ALIAS_READ, P.QUEUE_READ),
        *(P.TRACE_READ, P.CERTIFICATE_READ, P.SETTINGS_READ, P.ROLE_READ, P.FACTOR_READ, P.CREDENTIAL_READ),
        *(P.ACCESS_READ, P.LOGIN_READ, P.SESSION_READ, P.API_KEY_READ, P.APPROVAL_READ, P.OAUTH_CLIENT_READ),
        *(P.REPORT_READ,),
    }
)
ALLOWED: Final[dict[AccessRole, frozenset[Permission]]] = {
    AccessRole.SYSTEM_ADMIN: frozenset(Permission),
    AccessRole.DOMAIN_ADMIN: _DOMAIN_ADMIN,
    AccessRole.SECURITY_OFFICER: _READS
    | {P.ACCOUNT_SUSPEND, P.FACTOR_WRITE, P.CREDENTIAL_REVOKE, P.ACCESS_WRITE, P.SESSION_REVOKE, P.STORE_CHECK}
    | {P.APPROVAL_ASK, P.APPROVAL_DECIDE},
    AccessRole.HELP_DESK: frozenset(
        {
            *(P.PING, P.OWN, P.DOMAIN_READ, P.ACCOUNT_READ, P.ALIAS_READ, P.ACCOUNT_PASSWORD, P.TRACE_READ),
            *(P.FACTOR_READ, P.CREDENTIAL_READ, P.CREDENTIAL_REVOKE, P.LOGIN_READ, P.SESSION_READ, P.SESSION_REVOKE),
            P.APPROVAL_ASK,
        }
    ),
    AccessRole.AUDITOR: _READS,
    AccessRole.USER: frozenset({P.PING, P.OWN}),
    AccessRole.SERVICE: frozenset({P.PING}),
}


def may(actor: Actor, permission: Permission, domain: str | None) -> bool:
    """Whether he may do it in that domain; None: in the server as a whole."""
    if actor.limited_to is not None and permission not in actor.limited_to:
        return False
    return any(_holds(grant, permission) and grant.domain in (None, domain) for grant in actor.grants)


def may_somewhere(actor: Actor, permission: Permission) -> bool:
    """Whether there is a place where he may do it."""
    if actor.limited_to is not None and permission not in actor.limited_to:
        return False
    return any(_holds(grant, permission) for grant in actor.grants)


def demand(actor: Actor, permission: Permission, domain: str | None) -> None:
    """Nothing, or PermanentError: NOT_PERMITTED where he may nowhere (or the server is meant), else NO_SUCH_OBJECT."""
    if may(actor, permission, domain):
        return
    if domain is not None and may_somewhere(actor, permission):
        raise PermanentError(Reason.NO_SUCH_OBJECT, "there is no such object")
    raise PermanentError(Reason.NOT_PERMITTED, f"that needs the permission {permission.value}")


def covers(actor: Actor, grant: Grant) -> bool:
    """Whether he may do all that the grant allows, where it allows it: what he may give, or act upon its holder."""
    return all(may(actor, permission, grant.domain) for permission in ALLOWED[grant.role])


def _holds(grant: Grant, permission: Permission) -> bool:
    return permission in ALLOWED[grant.role]

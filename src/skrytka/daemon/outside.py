"""Composition of the outside directory: people of an LDAP server or Active Directory."""

from pathlib import Path

from skrytka.daemon.layout import Layout
from skrytka.daemon.resolver import resolver_of
from skrytka.mail.identity.outside import Outside
from skrytka.model.clock import Clock, Random
from skrytka.model.errors import Reason, TransientError
from skrytka.model.secret import Secret
from skrytka.model.settings import Settings
from skrytka.net.client_tls import ClientTls
from skrytka.net.dialer import Dialer
from skrytka.net.ldap import Ldap, LdapUrl
from skrytka.net.sweeper import Sweeper


def outside(settings: Settings, layout: Layout, clock: Clock, random: Random) -> Outside | None:
    """None where the settings name no server. They were checked: config_check_directory."""
    wanted = settings.directory
    if not wanted.urls:
        return None
    ldap = Ldap(
        [LdapUrl.parse(url) for url in wanted.urls],
        Dialer(Sweeper(clock), service="directory"),
        resolver_of(settings.dns, layout, clock, random),
        ClientTls(layout.root),
        clock,
        ca_file=wanted.ca_file,
        seconds=wanted.timeout_s,
    )
    path = layout.root / wanted.password_file if wanted.password_file else None
    return Outside(ldap, wanted, lambda: _password(path))


def _password(path: Path | None) -> Secret:
    if path is None:
        return Secret("")
    try:
        lines = path.read_bytes().splitlines()
    except OSError as exc:
        raise TransientError(Reason.BAD_CONFIG, f"{path.name}: {exc.strerror}") from exc
    return Secret(lines[0] if lines else b"")

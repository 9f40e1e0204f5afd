"""What may stand in the section of the outside directory."""

import re
from collections.abc import Iterator

from skrytka.daemon.toml_lines import KeyPath
from skrytka.model.errors import PermanentError
from skrytka.model.settings import Settings
from skrytka.net.ldap import LdapUrl
from skrytka.protocol.ldap.filters import parse_filter, places

_ATTRIBUTE = re.compile(r"[A-Za-z][A-Za-z0-9-]{0,60}")


def check_directory(settings: Settings) -> Iterator[tuple[KeyPath, str]]:
    """What types cannot say."""
    directory = settings.directory
    for number, url in enumerate(directory.urls):
        try:
            LdapUrl.parse(url)
        except PermanentError as exc:
            yield ("directory", "urls", number), exc.detail
    yield from _filter("filter", directory.filter, "address")
    yield from _filter("sync_filter", directory.sync_filter)
    if directory.urls and not (directory.domains and directory.base):
        yield ("directory", "urls"), "allowed: with domains and base, which say whom it knows and where they are"
    if (directory.bind_dn is None) != (directory.password_file is None):
        yield ("directory", "bind_dn"), "allowed: bind_dn and password_file together, or neither"
    for number, name in enumerate(directory.member_attributes):
        if _ATTRIBUTE.fullmatch(name) is None:
            yield ("directory", "member_attributes", number), f"allowed: names of attributes; found: {name!r}"
    if directory.timeout_s <= 0:
        yield ("directory", "timeout_s"), "allowed: more than 0"


def _filter(name: str, text: str, *wanted: str) -> Iterator[tuple[KeyPath, str]]:
    try:
        found = places(parse_filter(text))
    except PermanentError as exc:
        yield ("directory", name), exc.detail
        return
    if found != frozenset(wanted):
        said = "".join(f"{{{place}}}" for place in wanted) or "nothing"
        yield ("directory", name), f"allowed: a filter with {said} in braces"

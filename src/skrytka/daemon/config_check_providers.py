"""What may stand in the tables of providers of other houses."""

import re
from collections.abc import Iterator

from skrytka.daemon.toml_lines import KeyPath
from skrytka.model.address import AddressError, Domain
from skrytka.model.errors import PermanentError
from skrytka.model.settings import EMAIL_CLAIM, Provider, Settings
from skrytka.net.facts import Networks
from skrytka.net.https import Url

_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?")
_WORD = re.compile(r"[\x21\x23-\x5b\x5d-\x7e]{1,200}")  # RFC 6749 3.3


def check_providers(settings: Settings) -> Iterator[tuple[KeyPath, str]]:
    """What types cannot say."""
    names: set[str] = set()
    issuers: set[str] = set()
    for number, one in enumerate(settings.providers):
        path = ("providers", number)
        for key, said in (*_who(one), *_how(one)):
            yield (*path, key), said
        if one.name in names:
            yield (*path, "name"), f"allowed: another name for each; found: {one.name!r} again"
        if one.issuer in issuers:
            yield (*path, "issuer"), "allowed: each issuer once"
        names.add(one.name)
        issuers.add(one.issuer)


def _who(one: Provider) -> Iterator[tuple[str, str]]:
    if _NAME.fullmatch(one.name) is None:
        yield "name", f"allowed: up to 32 of a-z, 0-9 and hyphens; found: {one.name!r}"
    if not _is_issuer(one.issuer):
        yield "issuer", f"allowed: an https URL without a query; found: {one.issuer!r}"
    if not one.client_id or not one.client_id.isprintable():
        yield "client_id", "allowed: the name that the provider knows this server by"
    if not one.domains or not all(map(_is_domain, one.domains)):
        yield "domains", "allowed: one domain or more, for whose people it may speak"
    if one.address_claim != EMAIL_CLAIM and not one.is_address_trusted:
        verified = f'"{EMAIL_CLAIM}", of which a provider says whether it is verified'
        yield "address_claim", f"allowed: {verified}; another one with is_address_trusted"


def _how(one: Provider) -> Iterator[tuple[str, str]]:
    if "openid" not in one.scopes or not all(map(_WORD.fullmatch, one.scopes)):
        yield "scopes", 'allowed: words, "openid" among them'
    if not all(map(_WORD.fullmatch, (*one.mfa_acr, *one.mfa_amr))):
        yield "mfa_acr", "allowed: words without blanks, in mfa_amr too"
    if one.timeout_s <= 0:
        yield "timeout_s", "allowed: more than 0"
    try:
        Networks(one.networks)
    except ValueError as exc:
        yield "networks", f"allowed: networks such as 192.0.2.0/24 ({exc})"


def _is_issuer(text: str) -> bool:
    try:
        Url.parse(text)
    except PermanentError:
        return False
    return "?" not in text  # OpenID Connect Discovery 1.0 3


def _is_domain(text: str) -> bool:
    try:
        return not Domain.parse(text).is_literal
    except AddressError:
        return False

"""What may stand in the sections of the public web role."""

import re
from collections.abc import Iterator

from skrytka.daemon.toml_lines import KeyPath
from skrytka.model.address import AddressError, Domain
from skrytka.model.settings import Acme, Settings

_CONTACT = re.compile(r"(mailto:|https://|tel:)[\x21-\x7e]{1,1000}")  # RFC 9116 2.5.3
_LINK = re.compile(r"https://[\x21-\x7e]{1,1000}")
_KEY = re.compile(r"(https://|dns:|openpgp4fpr:)[\x21-\x7e]{1,1000}")  # RFC 9116 2.5.4
_LANGUAGE = re.compile(r"[A-Za-z]{2,8}(-[A-Za-z0-9]{1,8})*")


def check_web(settings: Settings) -> Iterator[tuple[KeyPath, str]]:
    """What types cannot say."""
    for number, host in enumerate(settings.mta_sts.mx):
        if not _is_host(host.removeprefix("*.")):  # RFC 8461 3.2: a pattern
            yield ("mta_sts", "mx", number), f'allowed: a host name or "*.domain"; found: {host!r}'
    yield from _acme(settings)
    texts = settings.security_txt
    rules = (
        ("contacts", texts.contacts, _CONTACT, "mailto:, https:// or tel: URIs"),
        ("languages", texts.languages, _LANGUAGE, 'tags such as "pl"'),
        ("policy", texts.policy, _LINK, "an https:// link"),
        ("encryption", texts.encryption, _KEY, "an https://, dns: or openpgp4fpr: URI"),
    )
    for name, found, pattern, allowed in rules:
        for value in found if isinstance(found, tuple) else (found or "",):
            if value and pattern.fullmatch(value) is None:
                yield ("security_txt", name), f"allowed: {allowed}; found: {value!r}"


def _acme(settings: Settings) -> Iterator[tuple[KeyPath, str]]:
    acme = settings.acme
    if acme.authorities and not acme.is_terms_agreed:
        yield ("acme", "is_terms_agreed"), "allowed: true, when you have read the terms of your authorities"
    for number, one in enumerate(acme.authorities):
        if _LINK.fullmatch(one.directory) is None:
            yield ("acme", "authorities", number, "directory"), f"allowed: an https:// URL; found: {one.directory!r}"
        if (one.eab_kid is None) != (one.eab_key_file is None):
            yield ("acme", "authorities", number, "eab_kid"), "allowed: eab_kid and eab_key_file together, or neither"
    for contact in acme.contacts:
        if _CONTACT.fullmatch(contact) is None:
            yield ("acme", "contacts"), f"allowed: mailto: URIs; found: {contact!r}"
    yield from _challenges(settings)
    yield from _ordered(acme)


def _challenges(settings: Settings) -> Iterator[tuple[KeyPath, str]]:
    if not settings.acme.challenges:
        yield ("acme", "challenges"), 'allowed: one or more of "tls-alpn-01", "http-01", "dns-01"'
    if "dns-01" in settings.acme.challenges and not settings.dns.publish:
        yield ("acme", "challenges"), '"dns-01" needs a zone in [[dns.publish]] that takes updates'


def _ordered(acme: Acme) -> Iterator[tuple[KeyPath, str]]:
    firsts: set[str] = set()
    for number, certificate in enumerate(acme.certificates):
        path = ("acme", "certificates", number, "names")
        if not certificate.names or not all(_is_host(name.removeprefix("*.")) for name in certificate.names):
            yield path, f'allowed: host names, or "*.domain" where dns-01 is a challenge; found: {certificate.names}'
        elif "dns-01" not in acme.challenges and any(name.startswith("*.") for name in certificate.names):
            yield path, f'allowed: "*.domain" only with "dns-01" in acme.challenges; found: {certificate.names}'
        elif certificate.names[0].lower() in firsts:
            yield path, f"allowed: another first name in each; found: {certificate.names[0]!r} again"
        firsts.update(name.lower() for name in certificate.names[:1])


def _is_host(text: str) -> bool:
    try:
        return not Domain.parse(text).is_literal and "." in text and text.isascii()
    except AddressError:
        return False

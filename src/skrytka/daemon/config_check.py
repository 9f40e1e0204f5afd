"""What may stand in a configuration: names, types and bounds from the types of ``model.settings``, then meaning."""

import datetime as dt
import difflib
import ipaddress
from collections.abc import Iterator
from typing import Any, TypeVar

import msgspec
from msgspec import inspect

from skrytka.daemon.config_check_directory import check_directory
from skrytka.daemon.config_check_providers import check_providers
from skrytka.daemon.config_check_web import check_web
from skrytka.daemon.toml_lines import KeyPath
from skrytka.model.address import Address, AddressError, Domain
from skrytka.model.dns import Server
from skrytka.model.errors import PermanentError
from skrytka.model.settings import Listener, Settings

Fault = tuple[KeyPath, str]
T = TypeVar("T")


def check_shape(table: dict[str, Any], kind: type[T]) -> tuple[T | None, list[Fault]]:
    """The table as ``kind``, or every key of it that is unknown, missing or has a wrong value."""
    info = inspect.type_info(kind)
    faults = list(_faults(table, info, ()))
    if faults:
        return None, faults
    try:
        return msgspec.convert(table, kind), []
    except msgspec.ValidationError as exc:  # a shape the walk does not know
        return None, [((), str(exc))]


def _faults(value: object, info: inspect.Type, path: KeyPath) -> Iterator[Fault]:
    match info:
        case inspect.StructType():
            yield from _struct_faults(value, info, path)
        case inspect.VarTupleType(item_type=inspect.StructType() as item) if isinstance(value, list):
            for number, element in enumerate(value):
                yield from _faults(element, item, (*path, number))
        case _:
            if not _is_allowed(value, info):
                yield path, f"allowed: {allowed(info)}; found: {_shown(value)}"


def _struct_faults(value: object, info: inspect.StructType, path: KeyPath) -> Iterator[Fault]:
    if not isinstance(value, dict):
        yield path, f"allowed: a table with the keys {', '.join(f.name for f in info.fields)}; found: {_shown(value)}"
        return
    known = {field.encode_name: field for field in info.fields}
    for key in value:
        if key not in known:
            near = difflib.get_close_matches(key, known, 1)
            hint = f"did you mean {near[0]!r}? " if near else ""
            yield (*path, key), f"unknown key; {hint}allowed: {', '.join(known)}"
    for name, field in known.items():
        if name in value:
            yield from _faults(value[name], field.type, (*path, name))
        elif field.required:
            yield (*path, name), f"missing; allowed: {allowed(field.type)}"


def _is_allowed(value: object, info: inspect.Type) -> bool:
    match info:
        case inspect.UnionType(types=types):
            return any(_is_allowed(value, one) for one in types)
        case inspect.VarTupleType(item_type=item):
            return isinstance(value, list) and all(_is_allowed(element, item) for element in value)
        case inspect.IntType(ge=low, le=high):
            return type(value) is int and (low is None or value >= low) and (high is None or value <= high)
        case inspect.FloatType():
            return type(value) in (int, float)
        case inspect.StrType(max_length=length):
            return isinstance(value, str) and (length is None or len(value) <= length)
        case inspect.BoolType():
            return isinstance(value, bool)
        case inspect.LiteralType(values=values):
            return value in values
        case _:
            return False


def allowed(info: inspect.Type) -> str:
    """What a value may be, in words."""
    match info:
        case inspect.UnionType(types=types):
            return " or ".join(allowed(one) for one in types if not isinstance(one, inspect.NoneType))
        case inspect.VarTupleType(item_type=item):
            return f"a list of {allowed(item)}"
        case inspect.IntType():
            return _integer(info)
        case inspect.FloatType():
            return "a number"
        case inspect.StrType(max_length=length):
            return "text in quotes" if length is None else f"text in quotes, {length} characters at most"
        case inspect.BoolType():
            return "true or false"
        case inspect.StructType(cls=cls):
            return f"a table ({cls.__name__})"
        case _:
            return " or ".join(map(repr, info.values)) if isinstance(info, inspect.LiteralType) else type(info).__name__


def _integer(info: inspect.IntType) -> str:
    if info.ge is not None and info.le is not None:
        return f"an integer from {info.ge} to {info.le}"
    return "an integer" if info.ge is None else f"an integer of {info.ge} or more"


def _shown(value: object) -> str:
    """The value as TOML would spell it, cut short."""
    text = str(value).lower() if isinstance(value, bool) else repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


# -- meaning ------------------------------------------------------------------------------------------------------


def check_meaning(settings: Settings) -> list[Fault]:
    """What types cannot say."""
    return [
        *_hostname(settings),
        *_networks(settings),
        *_resolvers(settings),
        *_publishing(settings),
        *_legacy_tls(settings),
        *_listeners(settings),
        *_outbound(settings),
        *check_web(settings),
        *check_directory(settings),
        *check_providers(settings),
        *_sender_auth(settings),
        *_reports(settings),
        *_positive(settings),
    ]


def named_listeners(settings: Settings) -> dict[str, Listener]:
    """Listeners by the name of their service, in the order of the type."""
    return {name: getattr(settings.listeners, name) for name in settings.listeners.__struct_fields__}


def _hostname(settings: Settings) -> Iterator[Fault]:
    try:
        is_name = not Domain.parse(settings.hostname).is_literal and "." in settings.hostname
    except AddressError:
        is_name = False
    if not is_name:
        yield ("hostname",), f"allowed: a full domain name such as mail.example.org; found: {settings.hostname!r}"


def _networks(settings: Settings) -> Iterator[Fault]:
    lists: list[tuple[KeyPath, tuple[str, ...]]] = [
        (("exempt_networks",), settings.exempt_networks),
        (("api", "networks"), settings.api.networks),
    ]
    for path, networks in lists:
        for number, text in enumerate(networks):
            try:
                ipaddress.ip_network(text)
            except ValueError as exc:
                yield (*path, number), f"allowed: a network such as 192.0.2.0/24; found: {text!r} ({exc})"


def _resolvers(settings: Settings) -> Iterator[Fault]:
    for number, text in enumerate(settings.dns.server_networks):
        if not _is_network(text):
            yield ("dns", "server_networks", number), f"allowed: a network; found: {text!r}"
    for number, text in enumerate(settings.dns.resolvers):
        if not _is_resolver(text):
            yield ("dns", "resolvers", number), f'allowed: "address", "address:port", "[IPv6]:port"; found: {text!r}'
    for number, text in enumerate(settings.dns.addresses):
        if not _is_address(text):
            yield ("dns", "addresses", number), f"allowed: an IP address; found: {text!r}"
    if settings.dns.timeout_s <= 0:
        yield ("dns", "timeout_s"), f"allowed: a number above 0; found: {settings.dns.timeout_s}"


def _publishing(settings: Settings) -> Iterator[Fault]:
    for number, one in enumerate(settings.dns.publish):
        if not _is_domain(one.zone.removesuffix(".")):
            yield ("dns", "publish", number, "zone"), f"allowed: a domain; found: {one.zone!r}"
        if not _is_resolver(one.server):
            yield (
                ("dns", "publish", number, "server"),
                f'allowed: "address", "address:port", "[IPv6]:port"; found: {one.server!r}',
            )


def _legacy_tls(settings: Settings) -> Iterator[Fault]:
    seen: set[str] = set()
    for number, one in enumerate(settings.tls.legacy):
        path = ("tls", "legacy", number)
        if one.listener in seen:
            yield (*path, "listener"), f"{one.listener} has an exception already: name all it needs in one"
        seen.add(one.listener)
        if not one.owner.strip():
            yield (*path, "owner"), "allowed: who answers for it"
        if not _is_day(one.until):
            yield (*path, "until"), f'allowed: a day such as "2027-03-01"; found: {one.until!r}'
        if one.version == "TLSv1.2" and not one.suites:
            yield (*path, "suites"), "an exception allows an older version, or suites"


def _is_day(text: str) -> bool:
    try:
        return dt.date.fromisoformat(text).isoformat() == text
    except ValueError:
        return False


def _is_resolver(text: str) -> bool:
    try:
        Server.parse(text)
    except PermanentError:
        return False
    return True


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _listeners(settings: Settings) -> Iterator[Fault]:
    taken: dict[tuple[str, int], str] = {}
    for name, listener in named_listeners(settings).items():
        if not listener.is_enabled:
            continue
        for number, text in enumerate(listener.addresses):
            path = ("listeners", name, "addresses", number)
            if not _is_address(text):
                yield path, f"allowed: an IP address of this machine; found: {text!r}"
            elif settings.is_demo and not ipaddress.ip_address(text).is_loopback:
                yield path, f"a demo listens on loopback addresses only (127.0.0.1, ::1); found: {text!r}"
            elif (owner := taken.setdefault((text, listener.port), name)) != name:
                yield ("listeners", name, "port"), f"{listener.port} is the port of {owner} already"


def _pattern(domain: str, place: tuple[str | int, ...]) -> Iterator[Fault]:
    if domain != "*" and not _is_domain(domain.removeprefix(".")):
        yield place, f'allowed: a domain, ".domain" for all below it, or "*"; found: {domain!r}'


def _outbound(settings: Settings) -> Iterator[Fault]:
    for number, demand in enumerate(settings.outbound.tls_demands):
        yield from _pattern(demand.domain, ("outbound", "tls_demands", number, "domain"))
    for number, route in enumerate(settings.outbound.routes):
        yield from _pattern(route.domain, ("outbound", "routes", number, "domain"))
        if (route.username is None) != (route.password_file is None):
            yield ("outbound", "routes", number, "username"), "allowed: username and password_file together, or neither"
        elif route.username is not None and route.tls not in {"required", "implicit"}:
            yield ("outbound", "routes", number, "tls"), 'allowed: "required" or "implicit" where there is a password'
    for number, text in enumerate(settings.outbound.source_addresses):
        if not _is_address(text):
            yield ("outbound", "source_addresses", number), f"allowed: an IP address of this machine; found: {text!r}"
    if not settings.outbound.retry_s or min(settings.outbound.retry_s) < 1:
        yield ("outbound", "retry_s"), f"allowed: a list of seconds, 1 or more; found: {settings.outbound.retry_s}"


def _reports(settings: Settings) -> Iterator[Fault]:
    sender = settings.reports.sender
    try:
        is_address = sender is None or not Address.parse(sender).domain.is_literal
    except AddressError:
        is_address = False
    if not is_address:
        yield ("reports", "sender"), f"allowed: an address of a domain here; found: {sender!r}"
    for number, text in enumerate(settings.reports.https_networks):
        if not _is_network(text):
            yield ("reports", "https_networks", number), f"allowed: a network; found: {text!r}"


def _sender_auth(settings: Settings) -> Iterator[Fault]:
    for number, name in enumerate(settings.sender_auth.arc_sealers):
        if not _is_domain(name):
            yield ("sender_auth", "arc_sealers", number), f"allowed: a domain; found: {name!r}"
    for number, each in enumerate(settings.sender_auth.overrides):
        path = ("sender_auth", "overrides", number)
        if (each.network is None) == (each.domain is None):
            yield path, "allowed: either network or domain"
        if each.network is not None and not _is_network(each.network):
            yield (*path, "network"), f"allowed: a network such as 192.0.2.0/24; found: {each.network!r}"
        if each.domain is not None and not _is_domain(each.domain):
            yield (*path, "domain"), f"allowed: a domain; found: {each.domain!r}"


def _is_network(text: str) -> bool:
    try:
        ipaddress.ip_network(text)
    except ValueError:
        return False
    return True


def _is_domain(text: str) -> bool:
    try:
        return not Domain.parse(text).is_literal
    except AddressError:
        return False


def _positive(settings: Settings) -> Iterator[Fault]:
    """Limits of sessions are bare numbers in ``model.limits``; none works below 1, or below 0 where 0 lifts it."""
    for section, least in (("smtp", 1), ("imap", 1), ("connections", 0)):
        limits = getattr(settings, section)
        for name in limits.__struct_fields__:
            value = getattr(limits, name)
            if value < least:
                yield (section, name), f"allowed: {least} or more; found: {value}"

"""Writes a first ``skrytka.toml``, with a comment at each choice an administrator may want to change."""

from collections.abc import Sequence

import msgspec
import tomlkit
from tomlkit.items import AoT, Table

from skrytka.model.settings import CONFIG_VERSION


class Choices(msgspec.Struct, frozen=True, kw_only=True):
    """What ``init`` and ``demo`` decide; everything else keeps its default and is left out of the file."""

    hostname: str
    ports: dict[str, int]
    addresses: tuple[str, ...]
    certificate: str
    key: str
    user: str | None = None
    is_demo: bool = False
    zone_file: str | None = None
    exempt_networks: tuple[str, ...] = ()


def render(choices: Choices) -> str:
    """The text of the file."""
    doc = tomlkit.document()
    for line in (
        "Settings of Skrytka. `skrytka config check` finds mistakes; SIGHUP reloads; docs/settings.md has all keys.",
        "Relative paths are below the folder of this file.",
    ):
        doc.add(tomlkit.comment(line))
    _put(doc, "version", CONFIG_VERSION, "of this file's format")
    _put(doc, "hostname", choices.hostname, "in greetings, Received fields and certificates")
    if choices.is_demo:
        _put(doc, "is_demo", value=True, comment="loopback only; mail to the outside is held")
    if choices.user is not None:
        _put(doc, "user", choices.user, "root becomes this account once the ports are open")
    if choices.exempt_networks:
        _put(doc, "exempt_networks", list(choices.exempt_networks), "no delay or reputation checks; content still is")
    if choices.is_demo:
        senders = tomlkit.table()
        _put(senders, "is_exempt_checked", value=True, comment="SPF, DKIM and DMARC of mail from this machine too")
        doc.add("sender_auth", senders)
    doc.add("listeners", _listeners(choices))
    doc.add("tls", _tls(choices))
    if choices.zone_file is not None:
        dns = tomlkit.table()
        _put(dns, "zone_file", choices.zone_file, "all the DNS there is: the system's resolver is never asked")
        doc.add("dns", dns)
    return tomlkit.dumps(doc)


def _listeners(choices: Choices) -> Table:
    listeners = tomlkit.table(is_super_table=True)
    for name, port in choices.ports.items():
        listener = tomlkit.table()
        listener["port"] = port
        listener["addresses"] = list(choices.addresses)
        listeners[name] = listener
    return listeners


def _tls(choices: Choices) -> Table:
    entry = tomlkit.table()
    _put(entry, "certificate", choices.certificate, "PEM: certificate, then its issuers")
    entry["key"] = choices.key
    certificates: AoT = tomlkit.aot()
    certificates.append(entry)
    tls = tomlkit.table(is_super_table=True)
    tls["certificates"] = certificates
    return tls


def _put(table: tomlkit.TOMLDocument | Table, key: str, value: str | int | Sequence[str], comment: str) -> None:
    item = tomlkit.item(value)
    item.comment(comment)
    table.add(key, item)

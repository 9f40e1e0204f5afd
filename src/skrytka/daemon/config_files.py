"""What settings name on this machine: certificates, keys, zone file, user. For `config check` and before a start."""

from collections.abc import Iterator
from pathlib import Path

from skrytka.daemon import privileges
from skrytka.daemon.config import Config, ConfigError, ConfigFault, load
from skrytka.daemon.layout import Layout
from skrytka.daemon.ordered import ordered_files
from skrytka.model.errors import PermanentError
from skrytka.model.settings import Settings
from skrytka.net.geo import Database
from skrytka.net.tls import CertificateFiles, TlsStore


def check_files(path: Path) -> Config:
    """Load the settings and look at all they name; ConfigError with every mistake."""
    config = load(path)
    faults = [
        *_certificates(config),
        *_authorities(config),
        *_zone(config),
        *_tsig_keys(config),
        *_databases(config),
        *_user(config),
    ]
    if faults:
        raise ConfigError(faults)
    return config


def certificate_files(root: Path, settings: Settings) -> tuple[CertificateFiles, ...]:
    """All that listeners serve: what was ordered and is there, then what the settings name."""
    return (*ordered_files(Layout(root), settings.acme, settings.hostname), *_named_files(root, settings))


def _named_files(root: Path, settings: Settings) -> tuple[CertificateFiles, ...]:
    """Paths of the settings, relative ones below the installation."""
    return tuple(CertificateFiles(root / one.certificate, root / one.key) for one in settings.tls.certificates)


def _certificates(config: Config) -> Iterator[ConfigFault]:
    for number, files in enumerate(_named_files(config.layout.root, config.settings)):
        try:
            TlsStore([files])
        except PermanentError as exc:
            name = "key" if exc.detail.startswith(str(files.key)) else "certificate"
            yield config.fault(("tls", "certificates", number, name), exc.detail)


def _authorities(config: Config) -> Iterator[ConfigFault]:
    for number, one in enumerate(config.settings.acme.authorities):
        for name, path in (("ca_file", one.ca_file), ("eab_key_file", one.eab_key_file)):
            if path is not None and not (config.layout.root / path).is_file():
                yield config.fault(("acme", "authorities", number, name), f"{config.layout.root / path} does not exist")


def _zone(config: Config) -> Iterator[ConfigFault]:
    zone_file = config.settings.dns.zone_file
    if zone_file is not None and not (config.layout.root / zone_file).is_file():
        yield config.fault(("dns", "zone_file"), f"{config.layout.root / zone_file} does not exist")


def _tsig_keys(config: Config) -> Iterator[ConfigFault]:
    if not config.settings.dns.publish:
        return
    from skrytka.daemon.tsig_file import key_of  # noqa: PLC0415 - all of dnspython, which the supervisor has no use for

    for number, one in enumerate(config.settings.dns.publish):
        try:
            key_of(config.layout.root / one.key_file)
        except PermanentError as exc:
            yield config.fault(("dns", "publish", number, "key_file"), exc.detail)


def _databases(config: Config) -> Iterator[ConfigFault]:
    """Opened and looked through: a file that is cut off is found before a server is started with it."""
    settings = config.settings.attacks
    for name, path in (("country_mmdb", settings.country_mmdb), ("asn_mmdb", settings.asn_mmdb)):
        if path is None:
            continue
        try:
            Database(config.layout.root / path).close()
        except PermanentError as exc:
            yield config.fault(("attacks", name), exc.detail)


def _user(config: Config) -> Iterator[ConfigFault]:
    if config.settings.user is None:
        return
    try:
        privileges.find_user(config.settings.user)
    except PermanentError as exc:
        yield config.fault(("user",), exc.detail)

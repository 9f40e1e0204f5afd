"""What ``skrytka init`` does: a new installation with its first domain and account, and words for the next steps."""

import asyncio
import hmac
from pathlib import Path

import msgspec

from skrytka.daemon import config, installation, privileges
from skrytka.daemon.files import write_private
from skrytka.daemon.layout import Layout
from skrytka.daemon.offline import actor, offline, record
from skrytka.daemon.passwords import random_password
from skrytka.mail.admin.dkim import DkimRecord
from skrytka.mail.admin.types import txt_line
from skrytka.model.address import Address, AddressError, Domain
from skrytka.model.clock import Random
from skrytka.model.errors import PermanentError, Reason
from skrytka.model.events import RecoveryKeyConfirmed
from skrytka.model.secret import Secret
from skrytka.store.seal.recovery import TEXT_PREFIX
from skrytka.store.system import SystemClock, SystemRandom

PORTS = {"smtp": 25, "submission": 587, "submissions": 465, "imap": 143, "imaps": 993, "http": 80, "https": 443}
ADDRESSES = ("0.0.0.0", "::")  # noqa: S104 - a mail server answers the world


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked for on the command line."""

    domain: str
    hostname: str
    admin: str
    password: Secret | None = None  # None: one is made up and shown
    user: str | None = None
    recovery_key_file: Path | None = None


class Made(msgspec.Struct, frozen=True, kw_only=True):
    """What has to be shown once."""

    root: Path
    domain: str
    hostname: str
    admin: str
    password: Secret | None
    recovery_text: Secret
    keys: tuple[DkimRecord, ...] = ()

    def records(self) -> tuple[str, ...]:
        """DNS records as lines of a zone file."""
        return (
            f"{self.domain}.  MX   10 {self.hostname}.",
            f'{self.domain}.  TXT  "v=spf1 mx -all"',
            *(txt_line(key.name, key.text) for key in self.keys),
            f"{self.hostname}.  A    <IPv4 address of this server>",
            f"{self.hostname}.  AAAA <IPv6 address of this server>",
            f"PTR of both addresses: {self.hostname}.",
        )

    def next_steps(self, *, is_confirmed: bool) -> list[str]:
        """In the order in which they are done."""
        where = f"--dir {self.root}"
        confirm = [] if is_confirmed else [f"Confirm the recovery key: skrytka recovery confirm {where}"]
        certificate = (
            f"Put a certificate for {self.hostname} into {self.root / installation.CERTIFICATE} and its key into\n"
            f"{self.root / installation.CERTIFICATE_KEY}; until then clients see one that nobody vouches for."
        )
        postmaster = (
            f"{self.admin} gets the mail of postmaster and cannot read it before there is a web interface;\n"
            f"lead it to one of them: skrytka alias set postmaster@{self.domain} NAME@{self.domain} {where}"
        )
        return [
            *confirm,
            "Publish in DNS:\n" + "\n".join(self.records()),
            certificate,
            f"Start the server: skrytka serve {where} (docs/admin.md has a unit for systemd)",
            f"See which other DNS records the domain needs: skrytka dns {self.domain} {where}",
            f"Add people: skrytka account add NAME@{self.domain} {where}",
            postmaster,
        ]

    def to_json(self) -> dict[str, object]:
        """The same for programs."""
        return {
            "dir": str(self.root),
            "domain": self.domain,
            "hostname": self.hostname,
            "admin": self.admin,
            "password": self.password and self.password.reveal().decode(),
            "recovery_key": self.recovery_text.reveal().decode(),
            "is_confirmed": False,
            "records": list(self.records()),
        }


def make(layout: Layout, wanted: Wanted) -> Made:
    """The whole installation, or an error and nothing that the next try could not replace."""
    clock, random = SystemClock(), SystemRandom()
    domain, hostname = _domain(wanted.domain, "the domain"), _domain(wanted.hostname, "the host name")
    admin = _address(wanted.admin)
    if admin.domain != domain:
        raise PermanentError(Reason.BAD_SYNTAX, f"the first account is of {domain.name}, and {admin} is not")
    if wanted.user is not None:
        privileges.check_program(privileges.find_user(wanted.user))
    made_up = None if wanted.password is not None else Secret(random_password(random))
    recovery = installation.create(
        layout,
        installation.Wanted(
            hostname=hostname.name,
            certificate_names=(hostname.name,),
            authority_name=f"{hostname.name} before its certificate came",
            ports=PORTS,
            addresses=ADDRESSES,
            user=wanted.user,
        ),
        clock,
        random,
    )
    keys = asyncio.run(_add_first(layout, domain, admin, wanted.password or made_up or Secret("")))
    if wanted.recovery_key_file is not None:
        write_private(wanted.recovery_key_file, recovery.text().reveal() + b"\n")
    installation.finish(layout)
    return Made(
        root=layout.root,
        domain=domain.name,
        hostname=hostname.name,
        admin=str(admin),
        password=made_up,
        recovery_text=recovery.text(),
        keys=keys,
    )


async def _add_first(layout: Layout, domain: Domain, admin: Address, password: Secret) -> tuple[DkimRecord, ...]:
    async with offline(layout) as session:
        await session.admin.init(domain.name, str(admin), password, actor())
        return await session.admin.dkim.records(domain.name)


def confirm(root: Path, typed: Secret) -> None:
    """See :func:`installation.confirm_recovery`; the event log keeps who did it."""
    layout, clock = Layout(root), SystemClock()
    user = privileges.wanted_user(config.load(layout.config).settings.user)
    installation.confirm_recovery(layout, typed, clock)
    with privileges.acting_as(user):
        asyncio.run(record(layout, RecoveryKeyConfirmed(actor=actor()), clock, SystemRandom()))


def groups_of(text: Secret) -> list[str]:
    """The groups of a recovery key's text."""
    return text.reveal().decode().removeprefix(TEXT_PREFIX).split("-")


def two_of(count: int, random: Random) -> tuple[int, int]:
    """Two different numbers below ``count``, the smaller one first."""
    first = int.from_bytes(random.token(8), "big") % count
    second = int.from_bytes(random.token(8), "big") % (count - 1)
    second += second >= first
    return min(first, second), max(first, second)


def is_same(typed: list[str], shown: list[str]) -> bool:
    """Whether somebody copied the groups; case and spaces do not matter."""
    plain = ["".join(text.split()).upper() for text in typed]
    return hmac.compare_digest("-".join(plain).encode(), "-".join(shown).encode())


def _domain(text: str, what: str) -> Domain:
    try:
        domain = Domain.parse(text)
    except AddressError as exc:
        raise PermanentError(Reason.BAD_SYNTAX, f"{what} {text!r}: {exc}") from exc
    if domain.is_literal or "." not in domain.name:
        raise PermanentError(Reason.BAD_SYNTAX, f"{what} {text!r} is no full domain name such as example.org")
    return domain


def _address(text: str) -> Address:
    try:
        return Address.parse(text)
    except AddressError as exc:
        raise PermanentError(Reason.BAD_SYNTAX, f"{text!r}: {exc}") from exc

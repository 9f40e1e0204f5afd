from pathlib import Path

import msgspec
import pytest

from skrytka.daemon.deliveries import Base
from skrytka.daemon.layout import Layout
from skrytka.daemon.messages import Start
from skrytka.daemon.services import Parts
from skrytka.mail.admin.types import AccountInfo
from skrytka.mail.identity.outside import OutsidePasswords
from skrytka.mail.identity.passwords import THREADS
from skrytka.model.address import Address
from skrytka.model.errors import PermanentError
from skrytka.model.secret import Secret
from skrytka.model.settings import Accounts, OutsideDirectory, Settings


async def test_each_listener_gets_its_service(parts: Parts) -> None:
    smtp, imap, imaps = (parts.service(name) for name in ("smtp", "imap", "imaps"))
    assert (smtp.is_implicit_tls, imap.is_implicit_tls, imaps.is_implicit_tls) == (False, False, True)
    assert smtp.refusal.startswith(b"421 ")
    assert imap.refusal.startswith(b"* BYE")
    assert imaps.refusal == b""
    assert smtp.session != imap.session
    assert parts.surroundings.tls is not None


async def test_what_the_control_socket_makes_is_found_by_port_25(parts: Parts) -> None:
    control = parts.administration.control()
    made = await control.admin.init("example.test", "admin@example.test", Secret("pw"), "local root")
    assert isinstance(made, AccountInfo)
    resolution = await parts._mx.recipients.resolve(Address.parse("postmaster@example.test"))
    assert [target.account for target in resolution.targets] == [made.account]
    assert control.check is not None
    assert control.trace is not None


async def test_sessions_that_begin_after_a_reload_have_the_new_settings(parts: Parts) -> None:
    before = parts._mx
    fresh = msgspec.structs.replace(
        parts.settings,
        accounts=Accounts(quota_bytes=5, subaddress_separator="-"),
        smtp=msgspec.structs.replace(parts.settings.smtp, errors=3),
    )
    await parts.reload(fresh)
    assert parts._mx is not before
    assert parts._mx.limits.errors == 3
    assert parts.settings is fresh


async def test_a_broken_certificate_leaves_everything_as_it_was(parts: Parts, tmp_path: Path) -> None:
    before, settings = parts._mx, parts.settings
    (tmp_path / "s/keys/tls/server.key").write_text("broken")
    with pytest.raises(PermanentError):
        await parts.reload(msgspec.structs.replace(settings, fronts=9))
    assert parts._mx is before
    assert parts.settings is settings


async def test_without_a_certificate_there_is_no_tls(tmp_path: Path, parts: Parts) -> None:
    base = parts._base
    bare = Settings(version=1, hostname="mail.example.test")
    without = Parts(
        Base(
            start=Start(kind="front", number=0, root=str(tmp_path), settings=bare),
            layout=Layout(tmp_path),
            store=base.store,
            keys=base.keys,
            limits=base.limits,
            inspector=base.inspector,
            events=base.events,
            clock=base.clock,
            age=base.age,
            random=base.random,
        ),
        parts._passwords,
        Secret(bytes(32)),
    )
    without.prove_tls()
    assert without.surroundings.tls is None
    assert not without._imap.is_tls_available


async def test_the_queue_has_a_courier(parts: Parts) -> None:
    assert await parts.courier().run_once() == 0


DIRECTORY = OutsideDirectory(urls=("ldaps://dc.example.org",), domains=("example.org",), base="dc=example,dc=org")


@pytest.mark.parametrize(
    ("base", "is_made"),
    [
        ({"directory": DIRECTORY}, True),
        ({"directory": msgspec.structs.replace(DIRECTORY, is_just_in_time=False)}, False),
    ],
    indirect=["base"],
)
async def test_roles_follow_the_directory_though_no_account_is_made_at_a_login(parts: Parts, is_made: bool) -> None:
    passwords = parts._passwords
    assert isinstance(passwords, OutsidePasswords)
    assert (passwords.refresh is not None, passwords.provision is not None) == (True, is_made)
    assert passwords._pool._max_workers == THREADS  # one is never a stranger's

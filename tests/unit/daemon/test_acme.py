from pathlib import Path
from typing import cast

import pytest

from skrytka.daemon.acme import Publishers, renewals
from skrytka.daemon.layout import Layout
from skrytka.mail.delivery.hosted import HostedDomains
from skrytka.model.clock import FixedClock
from skrytka.model.errors import PermanentError, Reason, TransientError
from skrytka.model.events import CertificateFailed
from skrytka.model.ids import AccountId
from skrytka.model.secret import Secret
from skrytka.model.settings import Acme, AcmeAuthority, Dns, Settings
from skrytka.net.acme.challenges import ChallengeFolder
from skrytka.net.acme.dns_challenge import DnsChallenges
from skrytka.net.sweeper import Sweeper
from skrytka.protocol.acme.steps import Kind, Publish
from skrytka.store.seal.keys import AccountKeys
from tests.support.acme_authority import TOKEN
from tests.unit.net.harness import Recorder, Zeros


class Keys:
    """The node's own keys alone."""

    async def node(self, subject: str) -> Secret:
        assert subject == "node:acme"
        return Secret(bytes(32))

    async def account(self, account: AccountId) -> AccountKeys:
        raise AssertionError

    async def create_account(self, account: AccountId) -> None:
        raise AssertionError


async def order(root: Path, one: AcmeAuthority) -> Recorder:
    """With an authority that nobody can reach: there is no DNS."""
    (root / "zone.yml").write_text("a.test: [{A: 127.0.0.1}]\n")
    (root / "ring").mkdir(exist_ok=True)

    class Now:
        settings = Settings(
            version=1, hostname="mail.example.test", acme=Acme(authorities=(one,)), dns=Dns(zone_file="zone.yml")
        )

    recorder = Recorder()
    job = renewals(
        now=Now(),
        layout=Layout(root),
        hosted=cast("HostedDomains", None),
        keys=Keys(),
        sweeper=Sweeper(FixedClock()),
        changed=lambda: None,
        events=recorder,
        clock=FixedClock(),
        random=Zeros(),
    )
    await job.look_after_all()
    return recorder


async def test_it_begins_with_no_challenges_and_tells_of_an_authority_that_is_not_there(tmp_path: Path) -> None:
    left = ChallengeFolder(tmp_path / "run" / "challenges")
    left.publish(Publish(Kind.HTTP, "a.test", TOKEN, "x"), FixedClock())
    recorder = await order(tmp_path, AcmeAuthority(directory="https://ca.test/dir"))
    assert left.http(TOKEN) is None
    (failed,) = recorder.of(CertificateFailed)
    assert failed.detail == "ca.test: ca.test has no address in DNS"


@pytest.mark.parametrize(("text", "is_key"), [("AAECAwQF\n", True), ("not base64!\n", False), (None, False)])
async def test_the_key_of_an_external_account_is_read_from_its_file(
    tmp_path: Path, text: str | None, is_key: bool
) -> None:
    if text is not None:
        (tmp_path / "eab").write_text(text)
    one = AcmeAuthority(directory="https://ca.test/dir", eab_kid="kid", eab_key_file="eab")
    if is_key:
        assert (await order(tmp_path, one)).of(CertificateFailed)
    else:
        with pytest.raises(TransientError) as caught:
            await order(tmp_path, one)
        assert caught.value.reason is Reason.BAD_CONFIG
        assert "not base64" not in caught.value.detail


async def test_each_challenge_has_its_place(tmp_path: Path) -> None:
    folder = ChallengeFolder(tmp_path / "challenges")
    places = Publishers(folder, DnsChallenges((), 0), FixedClock())
    one = Publish(Kind.HTTP, "a.test", TOKEN, "x")
    await places.publish(one)
    assert folder.http(TOKEN) == b"x"
    await places.withdraw(one)
    assert folder.http(TOKEN) is None
    with pytest.raises(PermanentError, match=r"names no zone that a\.test is in"):
        await places.publish(Publish(Kind.DNS, "a.test", TOKEN, "x"))
    await places.withdraw(Publish(Kind.DNS, "a.test", TOKEN, "x"))
    with pytest.raises(PermanentError):
        await places.publish(Publish(Kind.ALPN, "nowhere", TOKEN, "x"))

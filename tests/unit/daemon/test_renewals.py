import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import cast

import pytest

from skrytka.daemon.renewals import RenewalDeps, Renewals
from skrytka.mail.delivery.hosted import HostedDomains
from skrytka.model.errors import PermanentError, Reason, TransientError
from skrytka.model.events import BugCaught, CertificateExpiring, FaultRaised
from skrytka.model.settings import Acme, AcmeAuthority, MtaSts, Settings
from skrytka.net.acme.files import Wanted
from skrytka.net.acme.renewer import Renewer
from skrytka.net.dns.resolver import Resolver
from skrytka.net.dns.zone import StaticZone
from skrytka.net.tls import CertificateFiles
from tests.unit.net.acme.test_renewer import HOST, WANTED, World

CA = Acme(authorities=(AcmeAuthority(directory="https://ca.test/directory"),))
ZONE = "mta-sts.a.test:\n  - A: 192.0.2.1\n"


class Hosted:
    async def names(self) -> list[str]:
        return ["a.test", "b.test"]


class Job:
    """The job over the renewer's own world."""

    def __init__(self, folder: Path) -> None:
        self.world = World(folder)
        self.settings = Settings(version=1, hostname=HOST, acme=CA)
        self.changes = 0
        self.made = 0
        self.files: list[CertificateFiles] = []
        self.renewals = Renewals(
            RenewalDeps(
                now=self,
                make=self.make,
                wanted=self.wanted,
                served=lambda _settings: self.files,
                folder=self.world.folder,
                hosted=cast("HostedDomains", Hosted()),
                changed=self.changed,
                events=self.world.recorder,
                clock=self.world.clock,
            )
        )

    async def make(self, _settings: Settings) -> tuple[Renewer, Resolver]:
        self.made += 1
        return self.world.renewer, StaticZone.parse(ZONE)

    def wanted(self, _settings: Settings, hosts: Sequence[str]) -> Sequence[Wanted]:
        return [WANTED, *(Wanted((host,), "ecdsa") for host in hosts)]

    def changed(self) -> None:
        self.changes += 1


@pytest.fixture
def job(tmp_path: Path) -> Job:
    return Job(tmp_path)


async def test_every_front_is_told_of_a_new_certificate_and_of_nothing_else(job: Job) -> None:
    await job.renewals.look_after_all()
    assert job.changes == 1
    await job.renewals.look_after_all()
    assert (job.changes, job.made) == (1, 1)


async def test_policy_hosts_that_dns_knows_get_one_where_a_policy_is_served(job: Job) -> None:
    job.settings = Settings(version=1, hostname=HOST, acme=CA, mta_sts=MtaSts(mode="testing"))
    await job.renewals.look_after_all()
    rows = await job.renewals.list()
    assert [tuple(row["names"]) for row in rows] == [(HOST,), ("mta-sts.a.test",)]
    assert job.changes == 2


async def test_other_settings_make_another_renewer(job: Job) -> None:
    await job.renewals.look_after_all()
    job.settings = Settings(version=1, hostname=HOST, acme=Acme(authorities=CA.authorities, contacts=("mailto:a@b.c",)))
    await job.renewals.look_after_all()
    assert job.made == 2
    job.settings = Settings(version=1, hostname=HOST)
    await job.renewals.look_after_all()
    with pytest.raises(PermanentError) as caught:
        await job.renewals.renew("", asyncio_silence)
    assert caught.value.reason is Reason.NO_SUCH_OBJECT


async def asyncio_silence(_text: str) -> None: ...


async def test_the_administrator_sees_what_is_there_and_renews_by_name(job: Job) -> None:
    with pytest.raises(PermanentError):
        await job.renewals.renew("other.test", asyncio_silence)
    (row,) = await job.renewals.renew(HOST, asyncio_silence)
    assert (row["names"], row["error"], row["source"]) == ((HOST,), "", "https://ca.test/directory")
    assert row["renews_at_ms"] < row["expires_at_ms"]
    for authority in job.world.authorities:
        authority.problems["/order"] = (503, {"detail": "down"}, {})
    (row,) = await job.renewals.renew("", asyncio_silence)
    assert "down" in row["error"]
    assert job.changes == 1
    job.files = [job.world.folder.files(WANTED), CertificateFiles(Path("/nowhere"), Path("/nowhere"))]
    assert len(await job.renewals.list()) == 1


async def test_warnings_come_at_14_days_at_7_and_at_the_end_once_each(job: Job) -> None:
    await job.renewals.look_after_all()
    job.files = [job.world.folder.files(WANTED)]
    for authority in job.world.authorities:
        authority.problems["/order"] = (503, {}, {})
    days = []
    for _ in range(92):
        job.world.clock.advance(86_400)
        await job.renewals.look_after_all()
        days.append(len(job.world.recorder.of(CertificateExpiring)))
    assert [one.days for one in job.world.recorder.of(CertificateExpiring)] == [14, 7, 0]
    assert [days.index(count) + 1 for count in (1, 2, 3)] == [76, 83, 90]
    assert job.world.recorder.of(CertificateExpiring)[0].names == (HOST,)


@pytest.mark.parametrize(
    ("failure", "kind"), [(TransientError(Reason.STORE_DOWN), FaultRaised), (ValueError(), BugCaught)]
)
async def test_what_fails_in_the_job_is_told_and_it_goes_on(job: Job, failure: Exception, kind: type) -> None:
    calls = 0

    async def make(_settings: Settings) -> tuple[Renewer, Resolver]:
        nonlocal calls
        calls += 1
        raise failure

    job.renewals._deps = RenewalDeps(
        **{name: getattr(job.renewals._deps, name) for name in RenewalDeps.__dataclass_fields__ if name != "make"},
        make=make,
    )
    task = asyncio.get_running_loop().create_task(job.renewals.run())
    await asyncio.sleep(0.05)
    assert not task.done()
    task.cancel()
    assert calls == 1
    assert len(job.world.recorder.of(kind)) == 1

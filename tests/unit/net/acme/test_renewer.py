from pathlib import Path
from typing import cast

import pytest

from skrytka.model.address import Domain
from skrytka.model.clock import FixedClock
from skrytka.model.dns import Answer, Tlsa
from skrytka.model.errors import PermanentError, Reason
from skrytka.model.events import CertificateFailed, CertificateIssued
from skrytka.model.secret import Secret
from skrytka.net.acme.files import CertificateFolder, Wanted, digest
from skrytka.net.acme.renewer import Renewer, RenewerDeps, Source
from skrytka.net.dns.zone import StaticZone
from skrytka.net.https import Https, Url
from skrytka.protocol.acme.client import AcmeClient
from skrytka.protocol.acme.jose import private_key
from skrytka.protocol.acme.steps import Authority, Call, Kind, Publish
from skrytka.protocol.http.client import Received
from tests.support.acme_authority import URL, LittleAuthority
from tests.unit.net.harness import Recorder, Zeros

HOST = "mail.example.test"
WANTED = Wanted((HOST,), "ecdsa")
DAY_S = 86_400


class Direct:
    """HTTPS without a wire."""

    def __init__(self, authority: LittleAuthority) -> None:
        self._authority = authority

    async def ask(self, url: Url, *, method: str, body: bytes | None, **_: object) -> Received:
        return self._authority.answer(Call(method, str(url), body))


class Nowhere:
    async def publish(self, wanted: Publish) -> None: ...

    async def withdraw(self, wanted: Publish) -> None: ...


class World:
    """A renewer with two authorities, a clock by hand and a zone."""

    def __init__(self, folder: Path) -> None:
        self.clock = FixedClock()
        self.recorder = Recorder()
        self.authorities = [LittleAuthority(self.clock), LittleAuthority(self.clock)]
        self.zone = StaticZone({})
        self.is_disk_full = False
        self.is_validating = True
        self.folder = CertificateFolder(folder / "tls", self._write)
        self.renewer = self.make()

    def _write(self, path: Path, data: bytes) -> None:
        if self.is_disk_full:
            raise OSError(28, "No space left on device")
        path.write_bytes(data)

    def make(self) -> Renewer:
        key = private_key(Secret(bytes(32)), "x")
        sources = [
            Source(
                f"{URL}/directory?{number}" if number else f"{URL}/directory",
                AcmeClient(Authority(f"{URL}/directory"), key, (Kind.HTTP,)),
                cast("Https", Direct(authority)),
            )
            for number, authority in enumerate(self.authorities)
        ]
        deps = RenewerDeps(
            folder=self.folder,
            sources=sources,
            publisher=Nowhere(),
            resolver=self,
            host=HOST,
            is_validating=self.validates,
            events=self.recorder,
            clock=self.clock,
            random=Zeros(),
        )
        return Renewer(deps)

    async def query(self, name: Domain | str, rdtype: str) -> Answer:
        return await self.zone.query(name, rdtype)

    async def validates(self) -> bool:
        return self.is_validating

    def show(self, *digests: bytes) -> None:
        """What DNS says of the server's keys; a TTL of a minute."""
        self.zone = StaticZone({f"_25._tcp.{HOST}": {"TLSA": tuple(Tlsa(3, 1, 1, data) for data in digests)}})

    def served(self) -> bytes:
        loaded = self.folder.load(WANTED)
        return b"" if loaded is None else digest(loaded.key)


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)


async def test_what_is_missing_is_ordered_at_once_and_then_left_alone(world: World) -> None:
    assert await world.renewer.look_after(WANTED)
    assert not await world.renewer.look_after(WANTED)
    (issued,) = world.recorder.of(CertificateIssued)
    assert (issued.names, issued.key, issued.authority, issued.is_new_key) == ((HOST,), "ecdsa", "ca.test", True)
    assert issued.expires_at_ms == world.clock.now_ms() + 90 * DAY_S * 1000


async def test_it_is_renewed_when_a_third_of_its_life_is_left(world: World) -> None:
    await world.renewer.look_after(WANTED)
    first = world.served()
    world.clock.advance(59 * DAY_S)
    assert not await world.renewer.look_after(WANTED)
    world.clock.advance(3 * DAY_S)
    assert await world.make().look_after(WANTED)  # after a restart as well
    assert world.served() != first


async def test_other_names_are_ordered_at_once(world: World) -> None:
    await world.renewer.look_after(WANTED)
    assert await world.renewer.look_after(Wanted((HOST, "imap.example.test"), "ecdsa"))


async def test_the_second_authority_is_asked_when_the_first_gives_nothing(world: World) -> None:
    world.authorities[0].problems["/order"] = (503, {"detail": "down"}, {})
    assert await world.renewer.look_after(WANTED)
    assert world.renewer.progress(WANTED).authority.endswith("?1")
    assert not world.recorder.of(CertificateFailed)


async def test_when_none_gives_one_the_next_try_is_later_and_later(world: World) -> None:
    for authority in world.authorities:
        authority.problems["/order"] = (503, {"type": "x:down", "detail": "sorry"}, {})
    for number, hours in enumerate((1, 2, 4), start=1):
        assert not await world.renewer.look_after(WANTED)
        failed = world.recorder.of(CertificateFailed)
        assert len(failed) == number
        assert failed[-1].next_try_ms == world.clock.now_ms() + hours * 3_600_000
        assert failed[-1].detail == "ca.test: 503 down: sorry; ca.test: 503 down: sorry"
        world.clock.advance(hours * 3600 - 1)
        assert not await world.make().look_after(WANTED)  # nor after a restart
        assert len(world.recorder.of(CertificateFailed)) == number
        world.clock.advance(2)
    for authority in world.authorities:
        authority.problems.clear()
    assert await world.renewer.look_after(WANTED)
    assert world.renewer.progress(WANTED).failures == 0


async def test_an_authority_that_limits_us_is_left_alone_as_long_as_it_wants(world: World) -> None:
    for authority in world.authorities:
        authority.problems["/order"] = (429, {"detail": "too many"}, {"retry_after": "200000"})
    await world.renewer.look_after(WANTED)
    assert world.recorder.of(CertificateFailed)[0].next_try_ms == world.clock.now_ms() + 200_000_000


async def test_a_clock_that_was_wrong_puts_nothing_off_for_ever(world: World) -> None:
    for authority in world.authorities:
        authority.problems["/order"] = (503, {}, {})
    world.clock.jump(50 * 365 * DAY_S)
    await world.renewer.look_after(WANTED)
    world.clock.jump(-50 * 365 * DAY_S)
    world.authorities[0].problems.clear()
    assert await world.renewer.look_after(WANTED)


async def test_a_certificate_for_another_time_is_not_served(world: World) -> None:
    for authority in world.authorities:
        authority.clock = FixedClock(world.clock.now_ms() + 10 * DAY_S * 1000)
    assert not await world.renewer.look_after(WANTED)
    assert "is the clock of this machine right" in world.recorder.of(CertificateFailed)[0].detail
    assert world.served() == b""


async def test_a_full_disk_orders_nothing_and_what_is_there_stays(world: World) -> None:
    await world.renewer.look_after(WANTED)
    first = world.served()
    world.clock.advance(70 * DAY_S)
    asked = len(world.authorities[0].asked)
    world.is_disk_full = True
    assert not await world.renewer.look_after(WANTED)
    assert "No space left" in world.recorder.of(CertificateFailed)[0].detail
    assert "/order" not in world.authorities[0].asked[asked:]
    assert world.served() == first
    world.is_disk_full = False
    world.clock.advance(2 * 3600)
    assert await world.renewer.look_after(WANTED)


# -- what the authority suggests (RFC 9773) ---------------------------------------------------------------------------


async def test_the_window_of_the_authority_goes_before_the_rule_of_a_third(world: World) -> None:
    world.authorities[0].window = ("2027-01-16T00:00:00Z", "2027-01-17T00:00:00Z")  # a day from now
    await world.renewer.look_after(WANTED)
    assert not await world.renewer.look_after(WANTED)  # asked, and not begun
    assert world.authorities[0].asked[-1].startswith("/info/")
    world.clock.advance(2 * DAY_S)
    assert await world.renewer.look_after(WANTED)
    assert world.authorities[0].payloads["/order"]["replaces"]


async def test_the_authority_is_asked_every_six_hours_and_its_silence_changes_nothing(world: World) -> None:
    world.authorities[0].window = ("2027-03-01T00:00:00Z", "2027-03-02T00:00:00Z")
    await world.renewer.look_after(WANTED)
    world.authorities[0].problems["/directory"] = (503, {}, {})
    asked = []
    for _ in range(4):
        await world.renewer.look_after(WANTED)
        asked.append(sum(path.startswith("/info/") for path in world.authorities[0].asked))
        world.clock.advance(4 * 3600)
    assert asked == [1, 1, 2, 2]


# -- TLSA ----------------------------------------------------------------------------------------------------------


async def test_a_key_that_dns_does_not_show_is_not_served(world: World) -> None:
    await world.renewer.look_after(WANTED)
    first = world.served()
    world.show(first)
    world.clock.advance(62 * DAY_S)
    assert await world.renewer.look_after(WANTED)
    assert world.served() == first
    issued = world.recorder.of(CertificateIssued)[-1]
    assert not issued.is_new_key
    assert "do not name the next key" in issued.detail


async def test_the_next_key_is_served_when_dns_has_shown_it_for_two_ttls(world: World) -> None:
    await world.renewer.look_after(WANTED)
    first, following = world.served(), digest(world.folder.next_key(WANTED))
    world.show(first)
    with pytest.raises(PermanentError) as caught:
        await world.renewer.roll(WANTED)
    assert caught.value.reason is Reason.NOT_PERMITTED
    assert f"_25._tcp.{HOST}. TLSA 3 1 1 {following.hex()}" in caught.value.detail
    world.show(first, following)
    for _ in range(2):
        with pytest.raises(PermanentError, match="two times its TTL"):
            await world.renewer.roll(WANTED)
        world.clock.advance(119 / 2)
    world.clock.advance(1)
    assert await world.renewer.roll(WANTED)
    assert world.served() == following


async def test_no_first_certificate_breaks_what_tlsa_records_promise(world: World) -> None:
    world.show(b"o" * 32)
    assert not await world.renewer.look_after(WANTED)
    (failed,) = world.recorder.of(CertificateFailed)
    assert digest(world.folder.next_key(WANTED)).hex() in failed.detail
    assert world.authorities[0].asked == []


async def test_a_no_that_anybody_could_forge_changes_no_key_and_stops_no_first_certificate(world: World) -> None:
    world.is_validating = False
    assert await world.renewer.look_after(WANTED)
    first = world.served()
    world.clock.advance(62 * DAY_S)
    assert await world.renewer.look_after(WANTED)
    assert world.served() == first
    assert [issued.is_new_key for issued in world.recorder.of(CertificateIssued)] == [True, False]
    assert "does not validate" in world.recorder.of(CertificateIssued)[-1].detail
    with pytest.raises(PermanentError, match="unbound"):
        await world.renewer.roll(WANTED)
    world.is_validating = True
    assert await world.renewer.roll(WANTED)
    assert world.served() != first


async def test_names_that_no_mail_comes_to_have_a_new_key_each_time(world: World) -> None:
    world.show(b"o" * 32)
    assert await world.renewer.look_after(Wanted(("mta-sts.example.test",), "ecdsa"))


async def test_what_is_done_is_told_while_it_is_done(world: World) -> None:
    said: list[str] = []

    async def tell(text: str) -> None:
        said.append(text)

    world.authorities[0].problems["/order"] = (503, {"type": "x:y", "detail": "down"}, {})
    assert await world.renewer.renew(WANTED, tell)
    assert said == [f"ca.test: {HOST} (ecdsa)", "ca.test: 503 y: down", f"ca.test: {HOST} (ecdsa)"]

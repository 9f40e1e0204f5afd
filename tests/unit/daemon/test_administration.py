import msgspec

from skrytka.daemon.services import Parts
from skrytka.model.settings import Dns, OutsideDirectory, Settings


def chores(parts: Parts) -> set[str]:
    return {job.fault for job in parts.administration.periodic()}


async def test_commands_have_all_that_they_work_on(parts: Parts) -> None:
    deps = parts.administration.control()
    assert None not in {deps.check, deps.trace, deps.reports, deps.logins}
    assert deps.certificates is None, "until there is what orders them"
    orders = parts.administration.renewals(lambda: None)
    assert parts.administration.control().certificates is orders


async def test_commands_see_the_settings_of_now(parts: Parts) -> None:
    deps = parts.administration.control()
    fresh = msgspec.structs.replace(parts.settings, fronts=3)
    await parts.reload(fresh)
    assert deps.settings is not None
    seen: Settings = deps.settings()
    assert seen is fresh


async def test_dns_is_watched_where_the_settings_say_so(parts: Parts) -> None:
    assert {"F-dkim-keys", "F-daily-reports", "F-notices", "F-known-places"} <= chores(parts)
    parts.settings = msgspec.structs.replace(parts.settings, is_demo=False, dns=Dns(is_watched=True))
    assert "F-dns-watch" in chores(parts)
    parts.settings = msgspec.structs.replace(parts.settings, dns=Dns(is_watched=False))
    assert "F-dns-watch" not in chores(parts)


async def test_a_directory_is_synced_where_there_is_one(parts: Parts) -> None:
    assert "F-directory-sync" not in chores(parts)
    there = OutsideDirectory(urls=("ldaps://dc.example.org",))
    parts.settings = msgspec.structs.replace(parts.settings, directory=there)
    assert "F-directory-sync" in chores(parts)
    by_hand = msgspec.structs.replace(there, sync_every_s=0)
    parts.settings = msgspec.structs.replace(parts.settings, directory=by_hand)
    assert "F-directory-sync" not in chores(parts)


async def test_odd_logins_are_told_to_owners(parts: Parts) -> None:
    assert parts.watch.arrivals.alert is not None

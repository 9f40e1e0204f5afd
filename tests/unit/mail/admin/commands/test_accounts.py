from skrytka.model.actor import LOCAL_ROOT
from tests.unit.mail.admin.commands.test_run import ask
from tests.unit.mail.world import World


async def test_an_account_gets_what_was_asked_for(world: World) -> None:
    asked = {"address": "x@other.test", "password": "long enough", "quota_bytes": 7, "services": ["imap"]}
    made = (await ask(world, LOCAL_ROOT, "account.add", **asked)).result
    assert (made.quota_bytes, made.services, made.is_admin) == (7, ("imap",), False)


async def test_an_administrator_is_made_by_who_may_give_roles(world: World) -> None:
    asked = {"address": "x@other.test", "password": "long enough", "is_admin": True}
    assert (await ask(world, LOCAL_ROOT, "account.add", **asked)).result.is_admin

import pytest

from skrytka.mail.admin.alerts import read_token
from skrytka.mail.admin.compromise import LockInfo
from skrytka.model.errors import PermanentError, Reason
from skrytka.model.ids import AccountId
from skrytka.web.people.markup import Language
from skrytka.web.people.not_me import LANGUAGES, not_me_pages
from skrytka.web.router import Router
from tests.unit.web.support import asked

GOOD = "7-" + "a" * 40
PATH = f"/not-me/{GOOD}"


class Locks:
    def __init__(self) -> None:
        self.is_locked = False
        self.commands = 0
        self.valid = read_token(GOOD)

    async def is_link(self, account: AccountId, token: bytes) -> bool:
        return (account, token) == self.valid and not self.is_locked

    async def lock_by_link(self, account: AccountId, token: bytes) -> LockInfo:
        self.commands += 1
        if not await self.is_link(account, token):
            raise PermanentError(Reason.NO_SUCH_OBJECT)
        self.is_locked = True
        return LockInfo(address="<b>@example.org", is_locked=True, has_changed=True)


@pytest.mark.parametrize("language", LANGUAGES)
async def test_looking_does_nothing_and_the_button_locks_once(language: Language) -> None:
    locks, words = Locks(), LANGUAGES[language]
    app = Router(not_me_pages(locks))
    for _ in range(2):  # a scanner of links looks too
        page = await app(asked("GET", PATH, accept_language=language))
        assert (page.status, locks.is_locked) == (200, False)
        assert words.button in page.body.decode()
    done = await app(asked("POST", PATH, accept_language=language))
    assert (done.status, locks.is_locked) == (200, True)
    assert "&lt;b&gt;@example.org" in done.body.decode()
    for method in ("GET", "POST"):
        gone = await app(asked(method, PATH, accept_language=language))
        assert gone.status == 404
        assert words.gone in gone.body.decode()


@pytest.mark.parametrize("token", ["x", "7-", "8-" + "a" * 40, "7-" + "b" * 40])
@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_no_other_token_does_anything(method: str, token: str) -> None:
    locks = Locks()
    assert (await Router(not_me_pages(locks))(asked(method, f"/not-me/{token}"))).status == 404
    assert (locks.is_locked, locks.commands) == (False, 0)  # nobody keeps the store busy with made up links


async def test_another_site_cannot_press_the_button() -> None:
    locks = Locks()
    request = asked("POST", PATH, sec_fetch_site="cross-site")
    assert (await Router(not_me_pages(locks))(request)).status == 404
    assert not locks.is_locked

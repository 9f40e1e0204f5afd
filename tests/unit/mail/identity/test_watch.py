from skrytka.mail.identity.types import Credential
from skrytka.mail.identity.watch import Attempt, Unwatched, Watch
from skrytka.model.address import Address
from skrytka.model.ids import AccountId
from tests.unit.mail.support import PeerFacts


async def test_without_a_watch_everybody_may_try_and_is_nowhere_at_home() -> None:
    watch: Watch = Unwatched()
    attempt = Attempt("alice@example.test", "?", PeerFacts(), "PLAIN")
    assert await watch.delay(attempt) is False
    watch.note(attempt, None, None)
    await watch.arrived(attempt, Credential(AccountId(7), Address.parse("alice@example.test"), None))

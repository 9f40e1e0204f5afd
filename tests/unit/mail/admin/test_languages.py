from skrytka.mail.admin.languages import words_of, words_of_domain
from tests.unit.mail.world import ACTOR, World

WORDS = {"en": "hello", "pl": "dzień dobry"}
ALICE = "alice@example.test"


async def test_words_are_the_account_s_then_the_domain_s_then_the_server_s(world: World) -> None:
    alice = await world.account("alice")
    assert await words_of(world.store, alice, WORDS, "server") == "server"
    shown = await world.admin.domains.set_language("example.test", "pl", ACTOR)
    assert shown.language == "pl"
    assert await words_of(world.store, alice, WORDS, "server") == WORDS["pl"]
    assert await words_of_domain(world.store, "example.test", WORDS, "server") == WORDS["pl"]
    set_ = await world.admin.accounts.set_language(ALICE, "en", ACTOR)
    assert (set_.language, (await world.admin.accounts.show(ALICE)).language) == ("en", "en")
    assert {info.address: info.language for info in await world.admin.accounts.list()}[ALICE] == "en"
    assert await words_of(world.store, alice, WORDS, "server") == WORDS["en"]
    assert await words_of(world.store, alice, {"pl": "x"}, "server") == "server"  # a word of a later version
    await world.admin.accounts.set_language(ALICE, "", ACTOR)
    assert await words_of(world.store, alice, WORDS, "server") == WORDS["pl"]

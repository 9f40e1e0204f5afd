from skrytka.mail.delivery.told import names_of, outcome_event
from skrytka.mail.delivery.types import Outgoing
from skrytka.model import reply
from skrytka.model.errors import Reason
from skrytka.model.events import MessageReceived, MessageRefused
from skrytka.model.verdict import Action, Verdict
from tests.support.outside import to
from tests.unit.mail.world import World


async def test_recipients_are_told_as_the_sender_named_them(world: World) -> None:
    await world.admin.aliases.add("info@example.test", ["x@example.net"], "local root")
    resolutions = await world.resolve("info@example.test", "alice@example.test")
    outgoing = Outgoing(account=None, recipients=(to("y@example.net"),))
    assert names_of(resolutions, outgoing) == ("info@example.test", "alice@example.test", "y@example.net")


async def test_an_end_is_received_or_refused_with_its_reason(world: World) -> None:
    facts = world.facts()
    taken = outcome_event(facts, ("a@b.test",), Verdict(Action.ACCEPT, reply.ACCEPTED), 7, 1)
    assert isinstance(taken, MessageReceived)
    refusal = Verdict(Action.REJECT, reply.MAIL_LOOP, Reason.MAIL_LOOP, detail="why")
    refused = outcome_event(facts, ("a@b.test",), refusal, 7, 1)
    assert isinstance(refused, MessageRefused)
    assert (refused.reason, refused.code, refused.detail) == ("mail_loop", 554, "why")

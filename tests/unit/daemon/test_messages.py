import msgspec
import pytest

from skrytka.daemon import messages
from skrytka.mail.identity.attacks.words import Act, Failing, Guard, Outcome, Tried
from skrytka.model.settings import Settings
from skrytka.net.limits import Cap

SETTINGS = Settings(version=1, hostname="mail.example.test")
EXAMPLES: list[messages.AnyMessage] = [
    messages.Start(kind="front", number=1, root="/x", settings=SETTINGS, sockets=("smtp",), is_keeper=True),
    messages.StoreSocket(front=1),
    messages.InspectorSocket(number=1),
    messages.InspectorsLost(number=1),
    messages.Reload(settings=SETTINGS),
    messages.Drain(seconds=10.0),
    messages.Key(call=1, key=b"secret"),
    messages.Taken(call=1, is_allowed=True),
    messages.Acquired(call=1, full=Cap("total", "", 1)),
    messages.Failed(call=1, reason="corrupt", detail="x", is_transient=False),
    messages.Ready(),
    messages.Alive(),
    messages.CertificatesChanged(),
    messages.Reloaded(detail="x"),
    messages.KeyRequest(call=1, subject="account:1", is_new=True),
    messages.LimitTake(call=1, rule="r", key="k", cost=1, limit=2, window_s=3.0),
    messages.LimitRefund(rule="r", key="k", cost=1),
    messages.CapAcquire(call=1, caps=(Cap("total", "", 1),)),
    messages.CapRelease(caps=(Cap("total", "", 1),)),
    messages.Fault(fault="disk-full", detail="x"),
    messages.ChainHeads(heads={"front-0.x.mail": (3, "ab")}),
    messages.Faulty(detail="x", is_permanent=True),
    messages.LoginTried(tried=Tried("?ab", "192.0.2.1", "192.0.2.0/24", Outcome.WRONG)),
    messages.LoginTrusted(name="?ab"),
    messages.GuardsWanted(),
    messages.Guarded(guards=(Guard(Act.SLOW, "192.0.2.1", 60.0),), failing=(Failing("?a 192.0.2.0/24", 2, 9.0),)),
    messages.Elsewhere(size=70_000),
]


@pytest.mark.parametrize("message", EXAMPLES, ids=lambda message: type(message).__name__)
def test_a_message_arrives_as_it_was_sent(message: messages.AnyMessage) -> None:
    raw = msgspec.msgpack.encode(message)
    assert msgspec.msgpack.decode(raw, type=messages.AnyMessage) == message


def test_there_is_an_example_of_every_message() -> None:
    assert {type(example) for example in EXAMPLES} == set(messages.AnyMessage.__args__)


def test_a_key_does_not_print_itself() -> None:
    assert "secret" not in repr(messages.Key(call=1, key=b"secret"))

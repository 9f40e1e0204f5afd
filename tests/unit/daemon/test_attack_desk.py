from skrytka.daemon.attack_desk import AttackDesk
from skrytka.daemon.messages import Guarded, GuardsWanted, LoginTried, LoginTrusted, Message
from skrytka.mail.identity.attacks.words import Act, Guard, Outcome, Tried
from skrytka.model.clock import FixedClock
from skrytka.model.events import AttackSeen
from skrytka.model.settings import Attacks
from tests.unit.mail.support import Recorder


def wrong(name: str, host: str = "192.0.2.1") -> LoginTried:
    return LoginTried(tried=Tried(name, host, host.rpartition(".")[0] + ".0/24", Outcome.WRONG))


def test_an_attack_is_told_to_every_front_and_to_the_log_and_new_fronts_hear_of_it() -> None:
    told: list[Message] = []
    events = Recorder()
    desk = AttackDesk(FixedClock(), Attacks(spray_names=3), events, told.append)
    for number in range(3):
        assert desk.answer(wrong(f"?{number}")) is None
    guards = (Guard(Act.REFUSE, "192.0.2.1", 600.0),)
    assert told == [Guarded(guards=guards)]
    answer = desk.answer(GuardsWanted())
    assert isinstance(answer, Guarded)
    assert answer.guards == guards
    assert [(each.key, each.count) for each in answer.failing] == [
        (f"?{number} 192.0.2.0/24", 1) for number in range(3)
    ]
    assert events.events == [
        AttackSeen(
            attack="spraying", source="192.0.2.1", name="", tries=3, accounts=3, networks=0, act="refuse", seconds=600
        )
    ]


def test_trust_opens_for_every_front_and_settings_change_at_once() -> None:
    told: list[Message] = []
    desk = AttackDesk(FixedClock(), Attacks(), Recorder(), told.append)
    desk.use(Attacks(failures_per_account=2))
    desk.answer(wrong("?a", "10.0.0.1"))
    desk.answer(wrong("?a", "10.0.1.1"))
    assert told == [Guarded(guards=(Guard(Act.CLOSE, "?a", 86_400.0),))]
    desk.answer(LoginTrusted(name="?a"))
    assert told[1:] == [Guarded(guards=(Guard(Act.OPEN, "?a"),))]

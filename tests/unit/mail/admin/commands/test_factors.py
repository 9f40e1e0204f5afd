import msgspec
import pytest

from skrytka.mail.admin.commands.base import NODE, Scope
from skrytka.mail.admin.commands.factors import FACTORS, RuleArgs, on_target


@pytest.mark.parametrize(
    ("target", "scope"),
    [
        ("role:user", NODE),
        ("Example.Test", Scope("example.test")),
        ("Alice@example.test", Scope("example.test", "alice@example.test")),
    ],
)
def test_what_a_rule_touches_is_what_it_names(target: str, scope: Scope) -> None:
    assert on_target(RuleArgs(target=target)) == scope


def test_what_weakens_or_resets_wants_a_fresh_proof() -> None:
    calm = {name for name, command in FACTORS.items() if not command.is_dangerous}
    assert calm == {"account.factors", "mfa.list"}


@pytest.mark.parametrize(
    "args", [b'{"address": "a@b.test", "days": 0, "reason": "x"}', b'{"address": "a@b.test", "days": 1, "reason": ""}']
)
def test_an_exception_wants_days_and_a_reason(args: bytes) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(args, type=FACTORS["mfa.exempt"].args)

"""Commands as data: they travel, and their answers come back typed."""

import importlib
import pkgutil

import msgspec
import pytest

from skrytka.model.ids import AccountId, UnitId
from skrytka.store import commands
from skrytka.store.commands import (
    AnyCommand,
    Command,
    Deliver,
    RemoveDomain,
    ReserveAccount,
    SetPassword,
    TakeBack,
    TakenBack,
)
from skrytka.store.commands.base import answer_decoder
from skrytka.store.commands.deliver import Delivered
from skrytka.store.wire import Ask

UNIT = UnitId(b"u" * 16)


def test_an_answer_is_decoded_to_the_type_its_command_names() -> None:
    one = Delivered(1, 2, 3, 4, b"e" * 16, b"t" * 16)  # type: ignore[arg-type]
    assert answer_decoder(Deliver)(msgspec.msgpack.encode((one,))) == (one,)
    assert answer_decoder(ReserveAccount)(b"\x05") == 5
    assert answer_decoder(RemoveDomain)(b"\xc0") is None
    back = (TakenBack(1, 2), None)  # type: ignore[arg-type]
    assert answer_decoder(TakeBack)(msgspec.msgpack.encode(back)) == back


def test_a_command_without_a_handler_is_no_command() -> None:
    with pytest.raises(NotImplementedError):
        Command(unit=UNIT).run(None)  # type: ignore[arg-type]


def test_every_command_has_a_handler_and_can_travel() -> None:
    kinds = AnyCommand.__args__
    for module in pkgutil.iter_modules(commands.__path__, f"{commands.__name__}."):
        importlib.import_module(module.name)
    written = {kind for kind in Command.__subclasses__() if kind.__module__.startswith(commands.__name__)}
    assert set(kinds) == written  # the store process understands nothing else
    assert all(kind.run is not Command.run for kind in kinds)
    msgspec.msgpack.Decoder(AnyCommand)


def test_a_command_does_not_print_what_it_carries() -> None:
    assert repr(SetPassword(unit=UNIT, account=AccountId(1), verifier=b"hash")) == f"SetPassword(unit={UNIT.hex()})"
    assert "hash" not in repr(
        Ask(is_retry=False, command=SetPassword(unit=UNIT, account=AccountId(1), verifier=b"hash"))
    )

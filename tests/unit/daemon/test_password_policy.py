from pathlib import Path

import msgspec
import pytest

from skrytka.daemon.layout import Layout
from skrytka.daemon.password_policy import given_policy, password_policy
from skrytka.mail.identity.policy import PasswordRefusedError
from skrytka.model.address import Address
from skrytka.model.secret import Secret
from skrytka.model.settings import Settings
from tests.unit.mail.support import Recorder

ANN = Address.parse("ann@example.org")


async def test_this_place_is_part_of_the_rules_and_a_demo_forces_nobody(tmp_path: Path) -> None:
    settings = Settings(version=1, hostname="zaffre.example.org")
    policy = password_policy(settings, Layout(tmp_path), Recorder())
    with pytest.raises(PasswordRefusedError):
        await policy.check(Secret("zaffre zaffre zaffre"), ANN, has_mfa=False)
    assert given_policy(settings, Layout(tmp_path), Recorder()) is not None
    assert given_policy(msgspec.structs.replace(settings, is_demo=True), Layout(tmp_path), Recorder()) is None

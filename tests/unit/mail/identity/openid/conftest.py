"""The store of the tests of mail, and a provider."""

from collections.abc import AsyncIterator

import pytest

from tests.unit.mail.conftest import world
from tests.unit.mail.openid_world import OpenIdWorld, openid_world
from tests.unit.mail.world import World

__all__ = ["world"]


@pytest.fixture
async def people(world: World) -> AsyncIterator[OpenIdWorld]:
    async with openid_world(world) as made:
        yield made

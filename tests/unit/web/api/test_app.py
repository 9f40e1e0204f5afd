from typing import cast

from skrytka.mail.admin.commands.base import CommandDeps
from skrytka.model.clock import FixedClock
from skrytka.net.facts import Networks
from skrytka.store.system import SystemRandom
from skrytka.web.api.app import ApiDeps, api_app
from tests.unit.mail.support import Recorder
from tests.unit.web.support import asked


async def test_whether_it_is_there_is_no_secret() -> None:
    web = api_app(
        ApiDeps(
            commands=cast("CommandDeps", None),
            networks=Networks(("127.0.0.0/8",)),
            events=Recorder(),
            clock=FixedClock(),
            random=SystemRandom(),
        )
    )
    assert (await web.app(asked("GET", "/api/v1/live"))).status == 200
    assert (await web.app(asked("GET", "/"))).status == 404

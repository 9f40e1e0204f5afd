from typing import cast

from skrytka.mail.identity.login import Identity
from skrytka.mail.identity.oauth.deps import OAuthDeps
from skrytka.mail.identity.types import SecondFactors
from skrytka.model.clock import FixedClock
from skrytka.store.system import SystemRandom
from skrytka.web.people.app import PeopleDeps, people_app
from skrytka.web.people.own_account import AccountOfOne, SessionsOfOne
from skrytka.web.people.own_apps import AppPasswordsOfOne
from skrytka.web.people.own_programs import Granted
from skrytka.web.people.own_security import OwnSecurity
from skrytka.web.people.providers import ProvidedAccounts, ProviderDeps
from tests.unit.mail.support import Recorder
from tests.unit.web.support import asked


async def test_there_is_a_first_page_and_nothing_else_by_itself() -> None:
    web = people_app(
        PeopleDeps(
            hostname="mail.example.test",
            origin="https://mail.example.test:8442",
            identity=cast("Identity", None),
            factors=cast("SecondFactors", None),
            own=cast("OwnSecurity", None),
            oauth=cast("OAuthDeps", None),
            programs=cast("Granted", None),
            providers=ProviderDeps(
                providers=(), accounts=cast("ProvidedAccounts", None), origin="https://mail.example.test:8442"
            ),
            accounts=cast("AccountOfOne", None),
            apps=cast("AppPasswordsOfOne", None),
            sessions=cast("SessionsOfOne", None),
            events=Recorder(),
            clock=FixedClock(),
            random=SystemRandom(),
        )
    )
    assert (await web.app(asked("GET", "/"))).status == 200
    assert (await web.app(asked("GET", "/x"))).status == 404
    assert (await web.app(asked("GET", "/people.css"))).fields == (("Content-Type", "text/css; charset=utf-8"),)
    assert web.refused(400).status == 400
    assert web.networks is None

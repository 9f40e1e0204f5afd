from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from skrytka.daemon.web import WebApps, WebParts, origin
from skrytka.model.settings import Api, Listener, Listeners, Settings
from skrytka.web.people.own_security import OwnSecurity


@pytest.mark.parametrize(
    ("port", "is_demo", "expected"),
    [
        (443, False, "https://mail.example.test"),
        (8442, False, "https://mail.example.test:8442"),
        (28442, True, "https://localhost:28442"),
    ],
)
def test_the_origin_is_what_browsers_see(port: int, is_demo: bool, expected: str) -> None:
    listeners = Listeners(web=Listener(port=port))
    settings = Settings(version=1, hostname="Mail.example.test", is_demo=is_demo, listeners=listeners)
    assert origin(settings) == expected


def parts(*networks: str) -> WebParts:
    settings = Settings(version=1, hostname="mail.example.test", api=Api(networks=networks))
    nothing: Any = None
    changes: Any = SimpleNamespace(close=lambda: None)
    return WebParts(
        settings=settings,
        commands=nothing,
        identity=nothing,
        own=lambda: OwnSecurity(
            factors=nothing, proofs=nothing, changes=changes, identity=nothing, clock=nothing, random=nothing
        ),
        oauth=lambda: nothing,
        events=nothing,
        clock=nothing,
        random=nothing,
    )


def test_new_settings_hold_from_the_next_connection() -> None:
    made: list[object] = []
    first, second = parts("127.0.0.0/8"), parts("192.0.2.0/24")
    apps = WebApps(first)
    commands = SimpleNamespace(
        logins=None,
        admin=SimpleNamespace(
            sessions=None,
            api_keys=None,
            programs=None,
            accounts=None,
            app_passwords=None,
            provided=None,
            machines=None,
            events=None,
        ),
    )
    for one in (first, second):
        object.__setattr__(one, "commands", lambda: commands)
    made.append(apps._app("api").networks)
    apps.replace(second)
    made.append(apps._app("api").networks)
    assert made[0] is not made[1]
    assert apps._app("web").networks is None
    assert callable(apps.session("web"))


def test_what_was_open_for_the_old_settings_is_closed_once() -> None:
    closed: list[str] = []
    nothing: Any = None
    changes: Any = SimpleNamespace(close=lambda: closed.append("closed"))
    own = OwnSecurity(factors=nothing, proofs=nothing, changes=changes, identity=nothing, clock=nothing, random=nothing)
    apps = WebApps(replace(parts(), own=lambda: own))
    apps.replace(parts())
    assert closed == []
    apps = WebApps(replace(parts(), own=lambda: own))
    apps._security()
    apps.replace(parts())
    apps.close()
    assert closed == ["closed"]

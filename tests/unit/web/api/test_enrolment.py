import pytest

from skrytka.model.events import MachineRefused
from skrytka.net.machines import new_request
from skrytka.web.api.auth import WRONG_PER_ADDRESS
from skrytka.web.api.enrolment import EnrolArgs
from tests.unit.web.api.support import Api, der_of

INVITE = {"name": "laptop", "minutes": 5}


async def invitation(api: Api, name: str = "alice") -> str:
    token = await api.token("admin")
    status, said, _ = await api.ask(token, "POST", f"/accounts/{name}@example.test/machines", INVITE)
    assert status == 200
    return str(said["token"])


async def test_a_machine_is_invited_enrolled_and_renewed(api: Api) -> None:
    args = {"token": await invitation(api), "request": new_request()[1]}
    status, made, _ = await api.ask("", "POST", "/enrolment", args)
    assert status == 201
    assert made["expires_at_ms"] == api.world.clock.now_ms() + 168 * 3_600_000
    assert (await api.ask("", "POST", "/enrolment", args))[0] == 401
    api.certificate = der_of(made["certificate"])
    status, again, _ = await api.ask("", "POST", "/enrolment/renewal", {"request": new_request()[1]})
    assert (status, again["id"]) == (201, made["id"])
    assert der_of(again["certificate"]) != api.certificate
    assert args["token"] not in repr(EnrolArgs(token=args["token"], request=""))


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/enrolment", {"token": "x", "request": new_request()[1]}, 401),
        ("/enrolment", {"token": "x"}, 422),
        ("/enrolment", {"token": "x", "request": "x"}, 422),
        ("/enrolment", {"token": "x", "request": "x", "purpose": "node"}, 422),
        ("/enrolment/renewal", {"request": new_request()[1]}, 403),
    ],
)
async def test_who_has_no_right_gets_nothing(api: Api, path: str, body: dict[str, str], status: int) -> None:
    assert (await api.ask("", "POST", path, body))[0] == status
    assert (await api.ask("", "POST", path, body, content_type="text/plain"))[0] == 415


async def test_who_guesses_tokens_is_stopped_and_told(api: Api) -> None:
    body = {"token": "x", "request": new_request()[1]}
    for _ in range(WRONG_PER_ADDRESS):
        assert (await api.ask("", "POST", "/enrolment", body))[0] == 401
    assert (await api.ask("", "POST", "/enrolment", body))[0] == 429
    assert {event.reason for event in api.world.events.events if isinstance(event, MachineRefused)} == {"token"}

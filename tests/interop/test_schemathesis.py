"""schemathesis against a real server: every operation of the OpenAPI document, with what fits its schema and what not.

As three: a system administrator's key, his session whose proof is fresh (so that what is dangerous happens too), a
user's session. Nothing may be an error of the server, or another answer than the document says.
"""

from collections import Counter
from collections.abc import Iterator
from itertools import count
from typing import Any

import msgspec
import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from requests.adapters import HTTPAdapter
from schemathesis.checks import (
    content_type_conformance,
    negative_data_rejection,
    not_a_server_error,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from schemathesis.core.failures import FailureGroup
from schemathesis.core.result import Ok
from schemathesis.generation import GenerationMode

from skrytka.mail.admin.commands.table import COMMANDS
from skrytka.mail.identity.permissions import Permission
from tests.support.demo import Demo
from tests.support.sizes import pick
from tests.unit.web.api.test_matrix import request

EXAMPLES = pick(1, 12)
ONE_TOKEN = 15  # operations; a session may ask so often in a minute, and its proof is fresh for so long
CHECKS = [
    negative_data_rejection,
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
]
ADDRESSES = count(2)  # of 127.0.0.0/8: requests of one address are limited
OWN = {"session.leave", "session.end", "session.end_all", "session.prove"}  # the session would be gone, or another
LAST = {"account.distrust", "account.compromised", "account.suspend", "account.remove", "domain.remove"}
SETTINGS = settings(
    max_examples=EXAMPLES,
    database=None,
    deadline=None,
    derandomize=True,
    phases=(Phase.generate,),
    suppress_health_check=list(HealthCheck),
)


class FromElsewhere(HTTPAdapter):
    """Each from another address of loopback."""

    def init_poolmanager(self, *args: Any, **options: Any) -> None:
        number = next(ADDRESSES)
        super().init_poolmanager(*args, source_address=(f"127.0.{number // 250}.{number % 250 + 1}", 0), **options)


class Server:
    """A demo with its document."""

    def __init__(self, demo: Demo) -> None:
        self.demo = demo
        self.url = f"https://localhost:{demo.port('api')}/api/v1"
        self.token = self.log_in("admin")
        self.document = self.ask("GET", "/openapi.json", self.token).json()

    def session(self, token: str) -> requests.Session:
        session = requests.Session()
        session.verify = str(self.demo.facts["ca"])
        session.trust_env = False
        session.mount("https://", FromElsewhere())
        session.headers["Authorization"] = f"Bearer {token}"
        return session

    def ask(self, method: str, path: str, token: str, body: Any = None) -> requests.Response:
        with self.session(token) as session:
            return session.request(method, self.url + path, json=body, timeout=60)

    def log_in(self, name: str) -> str:
        body = {"address": f"{name}@example.test", "password": self.demo.password(name), "use": "bearer"}
        return str(self.ask("POST", "/session", "", body).json()["token"])

    def key(self) -> str:
        """Of the administrator, for all that a key may have."""
        never = {"own", "role.write", "api_key.write", "approval.decide", "approval.ask"}
        wanted = [str(each) for each in Permission if each not in never]
        body = {"name": "everything", "permissions": wanted, "per_minute": 6000}
        return str(self.ask("POST", "/api-keys", self.token, body).json()["token"])


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with Demo() as demo:
        yield Server(demo)


@pytest.mark.parametrize("who", ["key", "admin", "alice"])
def test_every_operation_keeps_to_the_document(server: Server, who: str) -> None:
    found: dict[str, str] = {}
    seen: Counter[int] = Counter()
    token = ""
    schema = schemathesis.openapi.from_dict(server.document)
    for number, result in enumerate(schema.get_all_operations()):
        assert isinstance(result, Ok)
        operation = result.ok()
        if operation.definition.raw["operationId"] in OWN:
            continue
        if number % ONE_TOKEN == 0:
            token = server.key() if who == "key" else server.log_in(who)
        with server.session(token) as session:
            for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
                wrong = tried(operation, mode, session, server.url, seen)
                if wrong:
                    found[f"{operation.label} ({mode.value})"] = wrong
    assert seen[200], "nothing was let in"
    assert not found, "\n\n".join(f"{name}: {wrong}" for name, wrong in found.items())


def test_what_is_there_is_shown_and_changed_as_the_document_says(server: Server) -> None:
    """With values that mean something, which chance does not find: every command once, about bob."""
    schema = schemathesis.openapi.from_dict(server.document)
    found = [each.ok() for each in schema.get_all_operations() if isinstance(each, Ok)]
    operations = {each.definition.raw["operationId"]: each for each in found}
    statuses: dict[str, int] = {}
    with server.session(server.log_in("admin")) as session:
        for name in sorted(COMMANDS.keys() - OWN, key=lambda name: name in LAST):
            method, path, body, _ = request(name)
            place = path.replace("carol@other.test", "bob@example.test").replace("other.test", "example.test")
            told = msgspec.json.decode(msgspec.json.encode(body).replace(b"carol@other.test", b"bob@example.test"))
            response = session.request(method, server.url + place, json=told, timeout=60)
            statuses[name] = response.status_code
            operations[name].validate_response(response)
    assert sum(status == 200 for status in statuses.values()) > len(statuses) * 0.6, statuses
    assert not {name: status for name, status in statuses.items() if status in (400, 401, 429) or status >= 500}


def tried(operation: Any, mode: GenerationMode, session: requests.Session, url: str, seen: Counter[int]) -> str:
    """What was wrong; "" when nothing was."""

    @SETTINGS
    @given(case=operation.as_strategy(generation_mode=mode))
    def run(case: Any) -> None:
        shown = {"Authorization": str(session.headers["Authorization"])}
        response = case.call(base_url=url, session=session, headers=shown, verify=session.verify, timeout=60)
        seen[response.status_code] += 1
        case.validate_response(response, checks=CHECKS)

    try:
        run()
    except FailureGroup as exc:
        return "; ".join(str(each) for each in exc.exceptions)
    return ""

import msgspec

from scripts.api_table import rewritten
from skrytka.mail.admin.commands.table import COMMANDS
from skrytka.mail.identity.permissions import Permission
from skrytka.web.api.openapi import document, document_octets
from tests.support.tree import DOCS

DOCUMENT = document()
OPERATIONS = {
    operation["operationId"]: (path, method, operation)
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
}


def test_every_command_is_in_it_with_its_permission() -> None:
    assert set(COMMANDS) <= set(OPERATIONS)
    for name in COMMANDS:
        assert Permission(OPERATIONS[name][2]["x-permission"])


def test_no_place_is_without_a_permission_but_the_session_s_own() -> None:
    without = {name for name, (_, _, operation) in OPERATIONS.items() if "x-permission" not in operation}
    assert without == {
        "session.begin",
        "session.show",
        "session.leave",
        "session.prove",
        "enrolment.begin",
        "enrolment.renew",
    }


def test_every_list_comes_in_pages() -> None:
    for path, method, operation in OPERATIONS.values():
        schema = operation["responses"].get("200", {}).get("content", {}).get("application/json", {}).get("schema", {})
        assert method != "get" or schema.get("type") != "array", path


def test_secrets_are_written_and_never_read() -> None:
    body = OPERATIONS["account.password"][2]["requestBody"]["content"]["application/json"]["schema"]
    assert body["properties"]["password"] == {"type": "string", "format": "password", "writeOnly": True}
    assert "address" not in body["properties"]
    assert body["additionalProperties"] is False


def test_every_reference_is_there() -> None:
    names = set(DOCUMENT["components"]["schemas"])
    text = str(DOCUMENT)
    for reference in text.split("#/components/schemas/")[1:]:
        assert reference.partition("'")[0] in names


def test_every_place_is_on_the_page() -> None:
    page = (DOCS / "api.md").read_text(encoding="utf-8")
    assert rewritten(page, DOCUMENT) == page, "run python -m scripts.api_table"


def test_it_is_made_once() -> None:
    """To make it takes several milliseconds, and whoever has a session may ask for it."""
    assert document_octets() is document_octets()
    assert msgspec.json.decode(document_octets()) == msgspec.json.decode(msgspec.json.encode(DOCUMENT))

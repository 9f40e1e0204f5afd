"""The OpenAPI 3.1 document, made from the table of commands and its types. Whatever is in the table is in it."""

import re
from collections.abc import Iterator
from functools import cache
from typing import Any, Final

import msgspec

from skrytka.mail.admin.commands.base import Command
from skrytka.mail.admin.commands.table import COMMANDS
from skrytka.mail.identity.four_eyes import Lock
from skrytka.mail.identity.machines import Enrolled
from skrytka.model.secret import Secret
from skrytka.web.api.commands import BASE, CURSOR, PAGE, PAGE_MAX, is_list
from skrytka.web.api.enrolment import EnrolArgs, RenewArgs
from skrytka.web.api.login import LoginArgs, ProofArgs, SessionState
from skrytka.web.api.problems import Problem
from skrytka.web.api.repeats import KEY_MAX

TAG: Final = {"ETag": {"required": True, "schema": {"type": "string"}}}
REF: Final = "#/components/schemas/{name}"
PLACES: Final[tuple[tuple[str, str, str, type | None, int, type | None], ...]] = (  # no commands: nobody is known yet
    ("/session", "post", "session.begin", LoginArgs, 201, SessionState),
    ("/session", "get", "session.show", None, 200, SessionState),
    ("/session", "delete", "session.leave", None, 204, None),
    ("/session/proof", "post", "session.prove", ProofArgs, 200, SessionState),
    ("/enrolment", "post", "enrolment.begin", EnrolArgs, 201, Enrolled),
    ("/enrolment/renewal", "post", "enrolment.renew", RenewArgs, 201, Enrolled),
)
OPEN: Final = ("session.begin", "enrolment.begin", "enrolment.renew")  # no session or key is wanted


@cache
def document_octets() -> bytes:
    """As JSON; made once, in 10 ms."""
    return msgspec.json.encode(document())


def document() -> dict[str, Any]:
    """As JSON values."""
    types: list[Any] = [Problem, LoginArgs, ProofArgs, SessionState, EnrolArgs, RenewArgs, Enrolled]
    for command in COMMANDS.values():
        types += [command.args, command.result]
    schemas, components = msgspec.json.schema_components(types, schema_hook=_secret, ref_template=REF)
    by_type = dict(zip(map(repr, types), schemas, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    for name, command in COMMANDS.items():
        operation = _operation(name, command, by_type, components)
        paths.setdefault(command.route.path, {})[command.route.method.lower()] = operation
    for path, method, name, args, status, result in PLACES:
        operation = _place(name, args, status, result, by_type)
        paths.setdefault(path, {})[method] = operation
    return {
        "openapi": "3.1.0",
        "info": {"title": "Skrytka", "version": "1"},
        "servers": [{"url": BASE}],
        "security": [{"bearer": []}, {"cookie": []}],
        "paths": paths,
        "components": {
            "schemas": components,
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "cookie": {"type": "apiKey", "in": "cookie", "name": "__Host-skrytka"},
            },
        },
    }


def _operation(name: str, command: Command, schemas: dict[str, Any], components: dict[str, Any]) -> dict[str, Any]:
    fields = components[_name_of(schemas[repr(command.args)])]
    in_path = re.findall(r"{(\w+)}", command.route.path)
    has_body = command.route.method in ("POST", "PUT")
    operation: dict[str, Any] = {
        "operationId": name,
        "x-permission": command.permission.value,
        "x-step-up": command.is_dangerous,
        "x-four-eyes": _takes_two(command),
        "parameters": list(_parameters(command, fields, in_path, has_body=has_body)),
        "responses": _responses(200, _result(command, schemas), has_tag=command.route.method == "GET"),
    }
    if has_body:
        operation["requestBody"] = _body(fields, in_path)
    return operation


def _takes_two(command: Command) -> str:
    """Always, unless a lock of the account holds, or (empty) never."""
    two = command.takes_two
    if two is None:
        return ""
    if two.unless is None:
        return "always"
    said = "unless the password holds" if two.unless is Lock.PASSWORD else "unless a second factor holds"
    return f"for a locked account, {said}" if two.is_of_locked else said


def _parameters(
    command: Command, fields: dict[str, Any], in_path: list[str], *, has_body: bool
) -> Iterator[dict[str, Any]]:
    properties, required = fields.get("properties", {}), fields.get("required", ())
    for name, schema in properties.items():
        if name in in_path:
            yield {"name": name, "in": "path", "required": True, "schema": schema}
        elif not has_body:
            yield {"name": name, "in": "query", "required": name in required, "schema": schema}
    if command.route.method == "GET" and is_list(command):
        limit = {"type": "integer", "minimum": 1, "maximum": PAGE_MAX, "default": PAGE}
        yield {"name": "limit", "in": "query", "required": False, "schema": limit}
        yield {"name": "cursor", "in": "query", "required": False, "schema": {"type": "string", "pattern": CURSOR}}
    if command.route.method == "GET":
        yield _header("If-None-Match", "the ETag of before: 304 when nothing has changed")
    else:
        yield _header("If-Match", "the ETag of the nearest GET above: 412 when that has changed")
        yield _header("Idempotency-Key", "sent twice within an hour it happens once", KEY_MAX)


def _header(name: str, description: str, length: int | None = None) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "string"} if length is None else {"type": "string", "maxLength": length}
    return {"name": name, "in": "header", "required": False, "description": description, "schema": schema}


def _body(fields: dict[str, Any], in_path: list[str]) -> dict[str, Any]:
    properties = {name: one for name, one in fields.get("properties", {}).items() if name not in in_path}
    required = [name for name in fields.get("required", ()) if name not in in_path]
    schema = {"type": "object", "properties": properties, "required": required, "additionalProperties": False}
    return {"required": bool(required), "content": {"application/json": {"schema": schema}}}


def _result(command: Command, schemas: dict[str, Any]) -> dict[str, Any]:
    schema: dict[str, Any] = schemas[repr(command.result)]
    if command.route.method != "GET" or not is_list(command):
        return schema
    page = {"items": schema, "next": {"type": "string", "description": "the cursor of the next page"}}
    return {"type": "object", "properties": page, "required": ["items"], "additionalProperties": False}


def _place(name: str, args: type | None, status: int, result: type | None, schemas: dict[str, Any]) -> dict[str, Any]:
    schema = None if result is None else schemas[repr(result)]
    operation: dict[str, Any] = {"operationId": name, "parameters": [], "responses": _responses(status, schema)}
    if args is not None:
        operation["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": schemas[repr(args)]}},
        }
    if name in OPEN:
        operation["security"] = []
    return operation


def _responses(status: int, schema: dict[str, Any] | None, *, has_tag: bool = False) -> dict[str, Any]:
    done: dict[str, Any] = {"description": "done"}
    besides: dict[str, Any] = {}
    if has_tag:
        done["headers"] = TAG
        besides = {"304": {"description": "as If-None-Match says", "headers": TAG}}
    if schema is not None:
        done["content"] = {"application/json": {"schema": schema}}
    problem = {"application/problem+json": {"schema": {"$ref": REF.format(name="Problem")}}}
    return {str(status): done, **besides, "default": {"description": "refused", "content": problem}}


def _name_of(schema: dict[str, Any]) -> str:
    return str(schema["$ref"]).rpartition("/")[2]


def _secret(kind: type) -> dict[str, Any]:
    if kind is Secret:
        return {"type": "string", "format": "password", "writeOnly": True}
    raise NotImplementedError

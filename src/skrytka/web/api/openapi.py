"""The OpenAPI 3.1 document, made from the table of commands and its types. Whatever is in the table is in it."""

import re
from collections.abc import Iterator
from functools import cache
from typing import Any, Final

import msgspec

from skrytka.mail.admin.commands.base import Command
from skrytka.mail.admin.commands.table import COMMANDS
from skrytka.model.secret import Secret
from skrytka.web.api.commands import BASE, CURSOR, PAGE, PAGE_MAX, is_list
from skrytka.web.api.login import LoginArgs, ProofArgs, SessionState
from skrytka.web.api.problems import Problem

REF: Final = "#/components/schemas/{name}"
SESSION_PLACES: Final[tuple[tuple[str, str, str, type | None], ...]] = (
    ("/session", "post", "session.begin", LoginArgs),
    ("/session", "get", "session.show", None),
    ("/session", "delete", "session.leave", None),
    ("/session/proof", "post", "session.prove", ProofArgs),
)


@cache
def document_octets() -> bytes:
    """As JSON; made once, in 10 ms."""
    return msgspec.json.encode(document())


def document() -> dict[str, Any]:
    """As JSON values."""
    types: list[Any] = [Problem, LoginArgs, ProofArgs, SessionState]
    for command in COMMANDS.values():
        types += [command.args, command.result]
    schemas, components = msgspec.json.schema_components(types, schema_hook=_secret, ref_template=REF)
    by_type = dict(zip(map(repr, types), schemas, strict=True))
    paths: dict[str, dict[str, Any]] = {}
    for name, command in COMMANDS.items():
        operation = _operation(name, command, by_type, components)
        paths.setdefault(command.route.path, {})[command.route.method.lower()] = operation
    for path, method, name, args in SESSION_PLACES:
        paths.setdefault(path, {})[method] = _session_operation(name, args, by_type)
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
        "x-four-eyes": command.is_four_eyes,
        "parameters": list(_parameters(command, fields, in_path, has_body=has_body)),
        "responses": _responses(200, _result(command, schemas)),
    }
    if has_body:
        operation["requestBody"] = _body(fields, in_path)
    return operation


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


def _session_operation(name: str, args: type | None, schemas: dict[str, Any]) -> dict[str, Any]:
    status = {"session.begin": 201, "session.leave": 204}.get(name, 200)
    result = None if status == 204 else schemas[repr(SessionState)]
    operation: dict[str, Any] = {"operationId": name, "parameters": [], "responses": _responses(status, result)}
    if args is not None:
        operation["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": schemas[repr(args)]}},
        }
    if name == "session.begin":
        operation["security"] = []
    return operation


def _responses(status: int, schema: dict[str, Any] | None) -> dict[str, Any]:
    done: dict[str, Any] = {"description": "done"}
    if schema is not None:
        done["content"] = {"application/json": {"schema": schema}}
    problem = {"application/problem+json": {"schema": {"$ref": REF.format(name="Problem")}}}
    return {str(status): done, "default": {"description": "refused", "content": problem}}


def _name_of(schema: dict[str, Any]) -> str:
    return str(schema["$ref"]).rpartition("/")[2]


def _secret(kind: type) -> dict[str, Any]:
    if kind is Secret:
        return {"type": "string", "format": "password", "writeOnly": True}
    raise NotImplementedError

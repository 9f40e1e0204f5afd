"""Each row can be asked for by all: it has its permission, its route and what it touches."""

import re
from typing import get_origin

import msgspec
import pytest

from skrytka.mail.admin.commands.base import Command, Scope
from skrytka.mail.admin.commands.table import COMMANDS
from skrytka.mail.identity.permissions import ALLOWED, Permission

ROWS = [pytest.param(name, command, id=name) for name, command in COMMANDS.items()]


@pytest.mark.parametrize(("name", "command"), ROWS)
def test_a_row_has_a_permission_that_somebody_has(name: str, command: Command) -> None:
    assert isinstance(command.permission, Permission)
    assert any(command.permission in row for row in ALLOWED.values())


@pytest.mark.parametrize(("name", "command"), ROWS)
def test_the_names_in_a_route_are_fields_of_the_arguments(name: str, command: Command) -> None:
    assert command.route.path.startswith("/")
    assert set(re.findall(r"{(\w+)}", command.route.path)) <= set(command.args.__struct_fields__)


@pytest.mark.parametrize(("name", "command"), ROWS)
def test_unknown_arguments_are_refused(name: str, command: Command) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(b'{"is_superuser": true}', type=command.args)


@pytest.mark.parametrize(("name", "command"), ROWS)
def test_a_list_of_all_domains_knows_whose_a_row_is(name: str, command: Command) -> None:
    required = set(command.args.__struct_encode_fields__) & {
        field.name for field in msgspec.structs.fields(command.args) if field.required
    }
    if not required and command.scope(command.args()) == Scope(is_listing=True):
        assert command.row_domain is not None
        assert get_origin(command.result) is list


def test_no_two_commands_have_one_route() -> None:
    routes = [(command.route.method, re.sub(r"{\w+}", "{}", command.route.path)) for command in COMMANDS.values()]
    assert len(routes) == len(set(routes))


def test_what_a_get_asks_changes_nothing() -> None:
    for name, command in COMMANDS.items():
        if command.route.method == "GET":
            assert command.permission.value.endswith((".read", "ping", "own")), name
        elif command.permission is not Permission.OWN:
            assert not command.permission.value.endswith(".read"), name

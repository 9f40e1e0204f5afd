import pytest

from skrytka.mail.admin.commands.base import (
    NODE,
    AddressArgs,
    DomainArgs,
    NoArgs,
    OptionalDomainArgs,
    Scope,
    of_address,
    on_account,
    on_address,
    on_domain,
    on_domain_or_all,
    on_domain_or_node,
    on_node,
)
from skrytka.model.errors import PermanentError


def test_a_scope_is_what_the_command_will_act_on_however_it_is_written() -> None:
    assert on_domain(DomainArgs(domain="Example.Test.")) == Scope("example.test")
    assert on_account(AddressArgs(address="Alice@EXAMPLE.test")) == Scope("example.test", "alice@example.test")
    assert on_address(AddressArgs(address="@Example.test")) == Scope("example.test")
    assert on_address(AddressArgs(address="info@Example.test")) == Scope("example.test")


def test_without_a_domain_it_is_the_server_or_a_list() -> None:
    assert on_node(NoArgs()) == on_domain_or_node(OptionalDomainArgs()) == NODE
    assert on_domain_or_node(OptionalDomainArgs(domain="a.test")) == Scope("a.test")
    assert on_domain_or_all(OptionalDomainArgs()) == on_domain_or_all(NoArgs()) == Scope(is_listing=True)
    assert on_domain_or_all(OptionalDomainArgs(domain="a.test")) == Scope("a.test")


@pytest.mark.parametrize("address", ["alice", "a@b@c", "a@[192.0.2.1]", "@"])
def test_what_is_no_address_is_no_scope(address: str) -> None:
    with pytest.raises(PermanentError):
        on_address(AddressArgs(address=address))


def test_a_row_is_its_domain_s() -> None:
    assert of_address(AddressArgs(address="@a.test")) == of_address(AddressArgs(address="x@a.test")) == "a.test"

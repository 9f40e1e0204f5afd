from typing import Any

import pytest

from skrytka.daemon.config_check_providers import check_providers
from skrytka.model.settings import Provider, Settings

RIGHT: dict[str, Any] = {
    "name": "corp",
    "issuer": "https://login.example.org/tenant/v2.0",
    "client_id": "skrytka",
    "domains": ("example.org",),
}


def faults(*providers: dict[str, Any]) -> list[str]:
    made = tuple(Provider(**(RIGHT | one)) for one in providers)
    settings = Settings(version=1, hostname="mail.example.org", providers=made)
    return [".".join(map(str, path)) for path, _said in check_providers(settings)]


def test_what_is_right_has_no_faults() -> None:
    assert faults() == []
    assert faults({}, {"name": "other-2", "issuer": "https://[::1]:8443"}) == []
    assert faults({"address_claim": "upn", "is_address_trusted": True, "networks": ("10.0.0.0/8",)}) == []


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"name": "Corp"}, "name"),
        ({"name": "a/b"}, "name"),
        ({"name": ""}, "name"),
        ({"issuer": "http://login.example.org"}, "issuer"),
        ({"issuer": "https://login.example.org/?a=b"}, "issuer"),
        ({"issuer": "https://login.example.org/#a"}, "issuer"),
        ({"client_id": ""}, "client_id"),
        ({"domains": ()}, "domains"),
        ({"domains": ("[192.0.2.1]",)}, "domains"),
        ({"domains": ("a b",)}, "domains"),
        ({"address_claim": "upn"}, "address_claim"),
        ({"scopes": ("email",)}, "scopes"),
        ({"scopes": ("openid", "a b")}, "scopes"),
        ({"mfa_acr": ("a b",)}, "mfa_acr"),
        ({"timeout_s": 0.0}, "timeout_s"),
        ({"networks": ("10.0.0.0/99",)}, "networks"),
    ],
)
def test_what_is_wrong_is_named(changes: dict[str, Any], key: str) -> None:
    assert faults(changes) == [f"providers.0.{key}"]


def test_each_is_there_once() -> None:
    assert faults({}, {}) == ["providers.1.name", "providers.1.issuer"]

from typing import Any

import pytest

from skrytka.daemon.config_check_directory import check_directory
from skrytka.model.settings import OutsideDirectory, Settings

RIGHT: dict[str, Any] = {"urls": ("ldaps://dc.example.org",), "domains": ("example.org",), "base": "dc=example,dc=org"}


def wrong(**changes: Any) -> list[Any]:
    settings = Settings(version=1, hostname="mail.example.test", directory=OutsideDirectory(**changes))
    return [path[1] for path, _said in check_directory(settings)]


def test_what_is_right_passes() -> None:
    assert wrong() == []
    assert wrong(**RIGHT, bind_dn="cn=a", password_file="ldap-password") == []
    disabled = "(!(userAccountControl:1.2.840.113556.1.4.803:=2))"
    assert wrong(**RIGHT, filter=f"(&(mail={{address}}){disabled})", sync_filter=f"(&(mail=*){disabled})") == []


@pytest.mark.parametrize(
    ("changes", "key"),
    [
        ({"urls": ("http://a",)}, "urls"),
        ({"urls": ("ldaps://dc.example.org",)}, "urls"),
        ({"filter": "mail=x"}, "filter"),
        ({"filter": "(mail=x)"}, "filter"),
        ({"filter": "(mail={other})"}, "filter"),
        ({"sync_filter": "(mail={address})"}, "sync_filter"),
        ({"bind_dn": "cn=a"}, "bind_dn"),
        ({"timeout_s": 0.0}, "timeout_s"),
        ({"member_attributes": ("member", "a)(b")}, "member_attributes"),
    ],
)
def test_what_is_wrong_is_named(changes: dict[str, Any], key: str) -> None:
    assert key in wrong(**changes)

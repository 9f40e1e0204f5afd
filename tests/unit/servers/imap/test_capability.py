"""RFC 9051 6.1.1, 11.7."""

import pytest

from skrytka.servers.imap.capability import capabilities


@pytest.mark.parametrize(
    ("state", "present", "absent"),
    [
        ((False, False, True), {"STARTTLS", "LOGINDISABLED", "SASL-IR"}, {"AUTH=PLAIN", "IDLE"}),
        ((False, False, False), {"LOGINDISABLED"}, {"STARTTLS", "AUTH=PLAIN"}),
        ((False, True, False), {"AUTH=PLAIN", "AUTH=OAUTHBEARER", "SASL-IR"}, {"STARTTLS", "LOGINDISABLED", "IDLE"}),
        (
            (True, True, False),
            {"IDLE", "ESEARCH", "OBJECTID", "MOVE", "UIDPLUS"},
            {"AUTH=PLAIN", "STARTTLS", "SASL-IR"},
        ),
    ],
)
def test_only_what_works_now_is_announced(state: tuple[bool, bool, bool], present: set[str], absent: set[str]) -> None:
    is_logged_in, is_tls, can_start_tls = state
    line = capabilities(
        is_logged_in=is_logged_in, is_tls=is_tls, can_start_tls=can_start_tls, mechanisms=("PLAIN", "OAUTHBEARER")
    )
    words = line.decode().split()
    assert words[:3] == ["CAPABILITY", "IMAP4rev1", "IMAP4rev2"]
    assert len(words) == len(set(words))
    assert present | {"ID", "ENABLE", "LITERAL+" if is_logged_in else "LITERAL-"} <= set(words)
    assert not absent & set(words)

from skrytka.model.ids import AccountId
from skrytka.store.oauth_rows import DeviceState, OAuthClientRow, OAuthDeviceRow, OAuthGrantRow, OAuthTokenRow


def test_no_row_shows_a_hash() -> None:
    mac, alice = b"hash", AccountId(1)
    for row in (
        OAuthClientRow("c", "C", (), "imap", mac, False, 0),
        OAuthGrantRow(alice, b"g", "c", "imap", 0, 0, 0, 0, mac),
        OAuthTokenRow(alice, "a@example.org", True, b"g", "c", "imap", 0, 0, 0),
        OAuthDeviceRow(mac, b"g", "c", "imap", DeviceState.WAITING, None, 0, 0),
    ):
        assert "hash" not in repr(row)
        assert "c" in repr(row)

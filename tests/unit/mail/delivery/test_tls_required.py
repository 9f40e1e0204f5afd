"""The TLS-Required field (RFC 8689 3, 4.1)."""

import msgspec
import pytest

from skrytka.mail.delivery.incoming import scan_header
from skrytka.mail.delivery.tls_required import is_optional, with_tls_wish
from skrytka.model.envelope import TlsWish
from tests.unit.mail.world import World


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (b"TLS-Required: No\r\n", True),
        (b"tls-required:no\r\n", True),
        (b"TLS-Required:\r\n NO \r\n", True),
        (b"TLS-Required: Yes\r\n", False),
        (b"TLS-Required: No, please\r\n", False),
        (b"TLS-Required: (x) No\r\n", False),
        (b"TLS-Required:\r\n", False),
        (b"TLS-Required: No\r\nTLS-Required: No\r\n", False),  # RFC 8689 3: one at most
        (b"X-TLS-Required: No\r\n", False),
        (b"Subject: TLS-Required: No\r\n", False),
    ],
)
async def test_the_field_counts_where_mail_said_nothing(world: World, header: bytes, expected: bool) -> None:
    scan = scan_header(b"From: a@example.org\r\n" + header + b"\r\n", frozenset())
    assert is_optional(scan) is expected
    wish = TlsWish.OPTIONAL if expected else TlsWish.USUAL
    assert with_tls_wish(world.facts(), scan).tls_wish is wish
    asked = msgspec.structs.replace(world.facts(), tls_wish=TlsWish.REQUIRED)
    assert with_tls_wish(asked, scan).tls_wish is TlsWish.REQUIRED

from skrytka.model.settings import SecurityTxt
from skrytka.web.public.security_txt import render

NOW_MS = 1_800_000_000_000  # 2027-01-15 08:00 UTC


def test_the_file_of_rfc_9116_with_an_expiry_that_moves_by_the_day() -> None:
    settings = SecurityTxt(
        contacts=("mailto:security@example.test", "https://example.test/report"),
        expires_days=10,
        policy="https://example.test/policy",
        encryption="dns:abc._openpgpkey.example.test?type=OPENPGPKEY",
        languages=("pl", "en"),
    )
    assert render(settings, "example.test", NOW_MS).decode().split("\r\n") == [
        "Contact: mailto:security@example.test",
        "Contact: https://example.test/report",
        "Expires: 2027-01-25T00:00:00Z",
        "Encryption: dns:abc._openpgpkey.example.test?type=OPENPGPKEY",
        "Policy: https://example.test/policy",
        "Preferred-Languages: pl, en",
        "Canonical: https://example.test/.well-known/security.txt",
        "",
    ]
    assert render(settings, "a", NOW_MS) == render(settings, "a", NOW_MS + 3_600_000)


def test_what_is_not_set_is_not_there() -> None:
    text = render(SecurityTxt(contacts=("tel:+48-1",)), "a.test", NOW_MS)
    assert [line.partition(b":")[0] for line in text.splitlines()] == [b"Contact", b"Expires", b"Canonical"]

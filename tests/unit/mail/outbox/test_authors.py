import pytest

from skrytka.mail.outbox import authors
from skrytka.mail.outbox.authors import Authors
from skrytka.model.errors import Reason, TransientError
from tests.support.local_inspector import LocalInspector


@pytest.mark.parametrize(
    ("value", "domain"),
    [
        (b" Alice <alice@Example.TEST>\r\n", "example.test"),
        (b" a@one.test, b@two.test", "one.test"),
        (' "Ż" <a@żółw.test>'.encode(), "xn--w-uga1v8h.test"),
        (b" a@[192.0.2.1]", "[192.0.2.1]"),
        (b" nobody", None),
        (b" a@-x-.test", None),
        (b"", None),
    ],
)
async def test_the_first_address_of_from_says_for_whom(value: bytes, domain: str | None) -> None:
    found = await Authors(LocalInspector()).domain_of(value)
    assert (found and found.name) == domain


async def test_a_field_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(authors, "FIELDS_MAX", 2)
    inspector = LocalInspector()
    known = Authors(inspector)
    for value in (b"a@x.test", b"a@x.test", b"b@x.test", b"c@x.test", b"a@x.test"):
        await known.domain_of(value)
    assert len(inspector.sizes) == 4  # the first was forgotten for the third
    long = b"x" * 600 + b"@x.test"
    await known.domain_of(long)
    await known.domain_of(long)
    assert len(inspector.sizes) == 6


async def test_what_kills_inspectors_is_nobodys_and_none_of_them_is_a_later_try() -> None:
    inspector = LocalInspector()
    inspector.poison = b"bad"
    assert await Authors(inspector).domain_of(b"bad@x.test") is None
    inspector.failures.append(TransientError(Reason.INSPECTOR_DOWN))
    with pytest.raises(TransientError):
        await Authors(inspector).domain_of(b"a@x.test")

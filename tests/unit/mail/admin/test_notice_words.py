import pytest

from skrytka.mail.admin.notice_words import LANGUAGES, Language
from skrytka.store.factor_rows import Notice


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_notice_is_told_in_every_language(language: Language) -> None:
    words = LANGUAGES[language]
    assert set(words.what) == set(Notice)
    assert len(set(words.what.values())) == len(Notice)
    text = words.text.format(what="WHAT", at="AT", address="ADDRESS")
    assert all(part in text for part in ("WHAT", "AT", "ADDRESS"))
    assert words.subject.format(what="WHAT").endswith("WHAT")

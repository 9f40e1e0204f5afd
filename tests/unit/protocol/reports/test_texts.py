"""Every language says everything, and each cause is found."""

import pytest

from skrytka.protocol.reports.dsn import _encoded_word
from skrytka.protocol.reports.texts import ENGLISH, LANGUAGES, ReportAction, Words, cause_of


@pytest.mark.parametrize("words", LANGUAGES.values(), ids=list(LANGUAGES))
def test_a_language_says_everything(words: Words) -> None:
    assert set(words.subjects) == set(words.sentences) == set(ReportAction)
    assert set(words.causes) == set(ENGLISH.causes)
    assert "{hostname}" in words.server
    assert "{host}" in words.said
    assert "{date}" in words.until
    assert words.sender.isascii()
    for text in words.subjects.values():
        assert len(f"Subject: {_encoded_word(text)}") <= 78  # one word of RFC 2047 2 has 75 characters at most
        assert len(_encoded_word(text)) <= 75
    sentences = [
        *words.sentences.values(),
        *(part for each in words.causes.values() for part in (each.why, each.advice)),
    ]
    assert all(len(text) <= 120 for text in sentences)


@pytest.mark.parametrize(
    ("status", "why"),
    [
        ("5.1.1", "There is no such address at that server."),
        ("5.1.10", "The domain of the address takes no mail."),
        ("5.1.9", "The server does not take this address."),
        ("4.2.2", "The mailbox is full."),
        ("4.4.3", "The domain of the address could not be looked up."),
        ("5.6.7", "That server cannot handle addresses with letters beyond ASCII."),
        ("5.7.26", "The server did not permit the message."),
        ("5.0.0", "The server did not take the message."),
        ("nonsense", "The server did not take the message."),
    ],
)
def test_a_status_has_a_cause(status: str, why: str) -> None:
    assert cause_of(ENGLISH, status).why == why

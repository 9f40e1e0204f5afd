"""Failure reports of others (RFC 9991, RFC 6591, RFC 5965): the machine's part of one. Runs in inspectors only.

Of the message that it is about nothing is kept: whose mail it was is no business of a log. Lenient about what is
missing, strict about what there is; the texts have no control characters.
"""

import re
from typing import Final

from skrytka.protocol.reports.failure import INCIDENTS_MAX, TEXT_MAX, FailureTold

FIELDS_MAX: Final = 100
FEEDBACK_MAX_BYTES: Final = 64 * 1024
_UNFIT: Final = re.compile(r"[^\x20-\x7e]+")
_COMMENT: Final = re.compile(r"\([^()]*\)")
_NAME: Final = re.compile(r"[a-z0-9._-]{1,253}\Z")
_WORD: Final = re.compile(r"[a-z0-9-]{1,30}\Z")


class FailureReportError(ValueError):
    """It is no failure report; the text is ours."""


def read_feedback(raw: bytes) -> FailureTold:
    """Of the second part; FailureReportError."""
    if len(raw) > FEEDBACK_MAX_BYTES:
        raise FailureReportError("a feedback report too long to be one")
    fields = _fields(raw)
    if _word(fields, "feedback-type") != "auth-failure":
        raise FailureReportError("feedback of another kind")
    failure, domain = _word(fields, "auth-failure"), _domain(fields, "reported-domain")
    if not failure or not domain:
        raise FailureReportError("without a failure or a domain")
    unaligned = {each.strip().lower() for each in _plain(fields, "identity-alignment").split(",")}
    return FailureTold(
        domain=domain,
        failure=failure,
        alignment=",".join(each for each in ("dkim", "spf") if each in unaligned),
        result=_word(fields, "delivery-result"),
        source_ip=_plain(fields, "source-ip")[:45],
        arrived=(fields.get("arrival-date") or fields.get("received-date", ""))[:TEXT_MAX],
        dkim_domain=_domain(fields, "dkim-domain"),
        dkim_selector=_domain(fields, "dkim-selector"),
        mail_from=_domain({"": _plain(fields, "original-mail-from").strip("<>").rpartition("@")[2]}, ""),
        incidents=_count(_plain(fields, "incidents")),
    )


def _fields(raw: bytes) -> dict[str, str]:
    """The first of each name."""
    text = raw.decode("utf-8", "replace").replace("\r\n", "\n")
    found: dict[str, str] = {}
    for line in re.sub(r"\n[ \t]+", " ", text).split("\n")[:FIELDS_MAX]:
        name, colon, value = line.partition(":")
        if colon:
            found.setdefault(name.strip().lower(), _UNFIT.sub("?", value.strip()))
    return found


def _plain(fields: dict[str, str], name: str) -> str:
    """Without comments."""
    return _COMMENT.sub("", fields.get(name, "")).strip()


def _word(fields: dict[str, str], name: str) -> str:
    value = _plain(fields, name).lower()
    return value if _WORD.match(value) else ""


def _domain(fields: dict[str, str], name: str) -> str:
    value = _plain(fields, name).lower().removesuffix(".")
    return value if _NAME.match(value) else ""


def _count(text: str) -> int:
    return min(int(text), INCIDENTS_MAX) if re.fullmatch(r"[0-9]{1,10}", text) else 1

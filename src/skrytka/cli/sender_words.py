"""What ``trace`` says of a message whose sender was looked at (event ``SenderChecked``), in words."""

from collections.abc import Mapping, Sequence
from typing import Final

_DONE: Final = {
    "reject": "so it is refused",
    "quarantine": "so it goes to Junk",
}
_OVERRIDES: Final = {
    "policy_test_mode": "the policy is in test mode",
    "local_policy": "a local policy says otherwise",
    "trusted_forwarder": "it comes from a known forwarder",
    "mailing_list": "it comes from a known list",
    "other": "a local setting says otherwise",
}


def sender_words(fields: Mapping[str, object]) -> str:
    """One sentence; whatever a field lacks is left out."""
    parts = [
        f"from {_text(fields, 'remote')}",
        _spf(fields),
        *_signatures(fields),
        *_arc(fields),
        _dmarc(fields),
    ]
    return "; ".join(part for part in parts if part)


def _spf(fields: Mapping[str, object]) -> str:
    cause = _text(fields, "spf_cause")
    return f"SPF {_text(fields, 'spf')} for {_text(fields, 'spf_domain')}" + (f" ({cause})" if cause else "")


def _signatures(fields: Mapping[str, object]) -> list[str]:
    found = fields.get("dkim")
    if not isinstance(found, Sequence) or isinstance(found, str) or not found:
        return ["not signed"]
    return [_signature(str(each)) for each in found]


def _signature(words: str) -> str:
    result, *pairs = words.split(" ")
    values = dict(pair.partition("=")[::2] for pair in pairs)
    reason = values.get("reason", "")
    said = f"signature of {values.get('d') or '?'} {result}"
    return said if reason in {"", "verified"} else f"{said} ({reason})"


def _arc(fields: Mapping[str, object]) -> list[str]:
    status = _text(fields, "arc")
    if status in {"", "none"}:
        return []
    sealers = fields.get("arc_sealers")
    names = ", ".join(map(str, sealers)) if isinstance(sealers, Sequence) and not isinstance(sealers, str) else ""
    return [f"ARC {status}" + (f" by {names}" if names else "")]


def _dmarc(fields: Mapping[str, object]) -> str:
    author, problem, result = (_text(fields, name) for name in ("header_from", "from_problem", "dmarc"))
    said = f"DMARC {result or 'none'}" + (f" for {author}" if author else "") + (f" ({problem})" if problem else "")
    if not _text(fields, "policy_domain"):
        return said
    asked = f"{said}, whose owner asks p={_text(fields, 'p')} at {_text(fields, 'policy_domain')}"
    override, comment = _text(fields, "override"), _text(fields, "comment")
    if override:
        asked += f", but {_OVERRIDES.get(override, override)}" + (f" ({comment})" if comment else "")
    done = _DONE.get(_text(fields, "disposition"), "")
    return f"{asked}, {done}" if done else asked


def _text(fields: Mapping[str, object], name: str) -> str:
    value = fields.get(name, "")
    return value if isinstance(value, str) else str(value)

"""The file that tells researchers whom to tell of a hole (RFC 9116)."""

import datetime as dt
from typing import Final

from skrytka.model.settings import SecurityTxt

PATH: Final = "/.well-known/security.txt"  # RFC 9116 3
_DAY_MS: Final = 86_400_000


def render(settings: SecurityTxt, host: str, now_ms: int) -> bytes:
    """The file as it is today at ``host``; it expires ``expires_days`` from now (RFC 9116 2.5.5), on a full day."""
    expires_s = (now_ms // _DAY_MS + settings.expires_days) * _DAY_MS // 1000
    fields = [("Contact", contact) for contact in settings.contacts]
    fields.append(("Expires", dt.datetime.fromtimestamp(expires_s, dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")))
    if settings.encryption:
        fields.append(("Encryption", settings.encryption))
    if settings.policy:
        fields.append(("Policy", settings.policy))
    if settings.languages:
        fields.append(("Preferred-Languages", ", ".join(settings.languages)))
    fields.append(("Canonical", f"https://{host}{PATH}"))
    return "".join(f"{name}: {value}\r\n" for name, value in fields).encode()

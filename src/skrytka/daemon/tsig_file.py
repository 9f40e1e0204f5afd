"""The file of a TSIG key."""

from pathlib import Path

from skrytka.model.errors import PermanentError, Reason
from skrytka.net.dns.update import TsigKey, read_key


def key_of(path: Path) -> TsigKey:
    """PermanentError(BAD_CONFIG) names the file and what to mend; a key that others may read is none."""
    try:
        if path.stat().st_mode & 0o077:
            raise PermanentError(Reason.BAD_CONFIG, f"{path} is open to other accounts: chmod 600 {path}")
        text = path.read_text(encoding="ascii")
    except UnicodeDecodeError as exc:
        raise PermanentError(Reason.BAD_CONFIG, f"{path} holds no TSIG key") from exc
    except OSError as exc:
        raise PermanentError(
            Reason.BAD_CONFIG, f"{path} cannot be read ({exc.strerror}): check path and owner"
        ) from exc
    try:
        return read_key(text)
    except PermanentError as exc:
        raise PermanentError(Reason.BAD_CONFIG, f"{path} {exc.detail}") from exc

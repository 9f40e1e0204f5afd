"""Values that must not print themselves."""

from typing import Final


class Secret:
    """Bytes that appear in no repr, log, event or pickle; ``grep reveal`` lists every use."""

    __slots__ = ("_value",)

    def __init__(self, value: bytes | str) -> None:
        self._value: Final = value.encode() if isinstance(value, str) else bytes(value)

    def reveal(self) -> bytes:
        """The bytes themselves; never hand them to anything that logs."""
        return self._value

    def __repr__(self) -> str:
        return "Secret()"

    def __len__(self) -> int:
        return len(self._value)

    def __eq__(self, other: object) -> bool:
        """Refused: comparing secrets with ``==`` leaks by time; use ``hmac.compare_digest`` on ``reveal()``."""
        raise TypeError("compare secrets with hmac.compare_digest")

    __hash__ = None  # type: ignore[assignment]

    def __reduce__(self) -> str | tuple[object, ...]:
        raise TypeError("a secret is not serialised")

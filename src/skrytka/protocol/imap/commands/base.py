"""What all commands are."""

import msgspec


class Command(msgspec.Struct, frozen=True):
    """A command without its tag. It exists only if its syntax was right; whether it makes sense now says the state."""

"""The one reply that a server owes for what it has handed out, and which replies that can be."""

from typing import Final

from skrytka.model.errors import LocalProtocolError
from skrytka.model.reply import Reply
from skrytka.protocol.smtp.states import Verb

# Positive replies: those that are not here end a command, None stands for their 2xx.
_POSITIVE: Final[dict[Verb, tuple[int | None, ...]]] = {Verb.DATA: (354,), Verb.AUTH: (None, 334)}
_FINAL: Final = (None,)


class OwedReply:
    """A session begins by owing its greeting."""

    __slots__ = ("_must_refuse", "is_fatal", "is_owed", "verb")

    def __init__(self) -> None:
        self.owe(Verb.GREETING)

    def owe(self, verb: Verb | None, *, must_refuse: bool = False, is_fatal: bool = False) -> None:
        """``verb`` None: for a fault, which moves nothing. After a fatal one the session is over."""
        self.verb = verb
        self.is_owed = True
        self.is_fatal = is_fatal
        self._must_refuse = must_refuse

    def settle(self, reply: Reply) -> None:
        """LocalProtocolError for a reply that nothing waits for, or that is no answer to what does."""
        if not self.is_owed:
            raise LocalProtocolError(f"nothing waits for a reply: {reply.code}")
        if reply.code < 400:
            if self._must_refuse:
                raise LocalProtocolError(f"the engine has refused this, {reply.code} cannot be said")
            allowed = _POSITIVE.get(self.verb, _FINAL) if self.verb is not None else _FINAL
            if (reply.code if reply.code >= 300 else None) not in allowed:
                raise LocalProtocolError(f"{reply.code} is no answer to {self.verb}")
        self.is_owed = False

"""Which passwords are taken, after NIST SP 800-63B-4 3.1.1.2: long, not common, not of this place, not breached.

Characters are counted as Unicode code points after NFC, and every one that can be typed is welcome, spaces too; at
least 64 are always taken and nothing is cut. No rule asks for kinds of characters, and no password has an age: it is
changed when it is known to somebody else. A password that was refused stands in no error and no event.
"""

import asyncio
import unicodedata
from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path
from typing import Final

from skrytka.mail.identity.blocklist import common_words, context_words, is_made_of
from skrytka.mail.identity.breach import BreachList
from skrytka.mail.identity.passwords import PASSWORD_MAX_BYTES, prepare
from skrytka.model.address import Address
from skrytka.model.errors import PermanentError, Reason
from skrytka.model.events import Emitter, FaultRaised
from skrytka.model.secret import Secret
from skrytka.model.settings import Passwords as PasswordSettings

FAULT: Final = "F-breach-list"
ESTIMATED_MAX: Final = 100  # code points whose strength is estimated: more only make it better, and take longer
# The estimate tries each way to read such signs as letters and holds the whole process meanwhile: 0.8 s for a hundred
SIGNS: Final = frozenset("4@8({[<369&1!|0$5+7%2/")
SIGNS_MAX: Final = 6  # different ones
ESTIMATED_WITH_SIGNS: Final = 20  # 30 ms at worst
SCORE_ALONE: Final = 3  # of zxcvbn: 10^8 guesses do not find it
SCORE_WITH_FACTOR: Final = 2  # 10^6: a second factor and the limits stand behind it


class Problem(StrEnum):
    """Why a password is not taken; ``policy_words`` says it to people."""

    UNREADABLE = "unreadable"  # no UTF-8, or control characters
    TOO_SHORT = "too_short"
    TOO_LONG = "too_long"
    COMMON = "common"
    CONTEXT = "context"
    BREACHED = "breached"
    GUESSABLE = "guessable"
    USED_BEFORE = "used_before"


class PasswordRefusedError(PermanentError):
    """All that is wrong with a password that somebody wants to have; ``minimum`` is how long it has to be."""

    def __init__(self, problems: tuple[Problem, ...], minimum: int) -> None:
        super().__init__(Reason.WEAK_PASSWORD, ", ".join(problem.value.replace("_", " ") for problem in problems))
        self.problems = problems
        self.minimum = minimum


class PasswordPolicy:
    """The rules of this installation. One per process."""

    def __init__(
        self, settings: PasswordSettings, breaches: Path, events: Emitter, *, words: Iterable[str] = ()
    ) -> None:
        """``words`` name what this place is called: organisation, host name."""
        self._settings = settings
        self._breaches = BreachList(breaches)
        self._events = events
        self._words = context_words((*words, *settings.words))
        self._turn = asyncio.Lock()  # of the list, which one thread may read at a time
        self._is_closed = False

    def minimum(self, *, has_mfa: bool) -> int:
        """Code points that a password has at least; fewer only where a second factor is demanded of the account."""
        return self._settings.min_length_with_mfa if has_mfa else self._settings.min_length

    async def check(self, password: Secret, owner: Address, *, has_mfa: bool) -> None:
        """PasswordRefusedError with all that is wrong; whether it was used before is not known here.

        The estimate takes about a millisecond and the list may wait for the disk, so both are done in a thread.
        """
        minimum = self.minimum(has_mfa=has_mfa)
        prepared = prepare(password)
        if prepared is None:
            is_long = len(password) > PASSWORD_MAX_BYTES
            raise PasswordRefusedError((Problem.TOO_LONG if is_long else Problem.TOO_SHORT,), minimum)
        try:
            text = prepared.decode()
        except UnicodeDecodeError:
            raise PasswordRefusedError((Problem.UNREADABLE,), minimum) from None
        if any(unicodedata.category(char) == "Cc" for char in text):  # RFC 8265 4.2.1: no control characters
            raise PasswordRefusedError((Problem.UNREADABLE,), minimum)
        score = SCORE_WITH_FACTOR if has_mfa else SCORE_ALONE
        async with self._turn:
            try:
                found = await asyncio.to_thread(self._problems, text, owner, minimum, score)
            finally:
                if self._is_closed:
                    self._breaches.close()
        if found:
            raise PasswordRefusedError(found, minimum)

    def close(self) -> None:
        """Let go of the list, now or when the check that reads it is done; who still asks opens it for one check."""
        self._is_closed = True
        if not self._turn.locked():
            self._breaches.close()

    def _problems(self, text: str, owner: Address, minimum: int, score: int) -> tuple[Problem, ...]:
        words = self._words | context_words((owner.local, owner.domain.name))
        found = []
        if len(text) < minimum:
            found.append(Problem.TOO_SHORT)
        if is_made_of(text, common_words()):
            found.append(Problem.COMMON)
        elif is_made_of(text, words | common_words()):
            found.append(Problem.CONTEXT)
        if self._is_breached(text):
            found.append(Problem.BREACHED)
        if not found and strength(text, words) < score:
            found.append(Problem.GUESSABLE)
        return tuple(found)

    def _is_breached(self, text: str) -> bool:
        """A list that cannot be read is a fault, and no reason to take no passwords."""
        try:
            return self._breaches.has(text.encode())
        except (PermanentError, OSError) as exc:
            self._events.emit(FaultRaised(fault=FAULT, detail=str(exc)))
            return False


def strength(text: str, words: Iterable[str]) -> int:
    """0 to 4 as zxcvbn has it; ``words`` are what a guesser of this account would try first."""
    from zxcvbn_rs_py import zxcvbn  # 9 MB that a front needs when somebody changes a password

    return int(zxcvbn(estimated(text), list(words)).score)


def estimated(text: str) -> str:
    """The part whose strength is estimated."""
    has_many_signs = len(SIGNS.intersection(text[:ESTIMATED_MAX])) > SIGNS_MAX
    return text[: ESTIMATED_WITH_SIGNS if has_many_signs else ESTIMATED_MAX]

"""What ``skrytka approval`` says, in both languages."""

from collections.abc import Mapping
from typing import Final

import msgspec

from skrytka.cli.language import Language


class Words(msgspec.Struct, frozen=True, kw_only=True):
    """One language."""

    states: Mapping[str, str]
    kinds: Mapping[str, str]  # mail.identity.four_eyes.Kind
    facts: Mapping[str, str]
    asked: str  # these three with fields of the approval
    approved: str
    refused: str


WORDS: Final[Mapping[Language, Words]] = {
    "en": Words(
        states={
            "waiting": "waits for a second person",
            "approved": "approved, not done yet",
            "refused": "refused",
            "used": "done",
            "expired": "expired",
        },
        kinds={
            "mailbox": "it lets somebody read the mail of somebody else",
            "erase": "mail or an account is gone for good",
            "keys": "keys are destroyed",
            "hold": "a hold is lifted",
        },
        facts={
            "id": "id",
            "command": "command",
            "args": "arguments",
            "kind": "why it takes two",
            "asked_by": "asked by",
            "asked_at": "asked at",
            "reason": "reason",
            "state": "state",
            "expires_at": "holds until",
            "decided_by": "decided by",
            "decided_at": "decided at",
            "decision": "why so",
        },
        asked="{id}: asked for; a second person says: skrytka approval approve {id} --reason ...",
        approved="{id}: approved; {asked_by} may do it once, until it expires",
        refused="{id}: refused",
    ),
    "pl": Words(
        states={
            "waiting": "czeka na drugą osobę",
            "approved": "zatwierdzone, jeszcze niewykonane",
            "refused": "odrzucone",
            "used": "wykonane",
            "expired": "wygasło",
        },
        kinds={
            "mailbox": "ktoś mógłby czytać cudzą pocztę",
            "erase": "poczta albo konto znika na dobre",
            "keys": "klucze zostają zniszczone",
            "hold": "blokada wymazywania zostaje zdjęta",
        },
        facts={
            "id": "id",
            "command": "polecenie",
            "args": "argumenty",
            "kind": "dlaczego we dwoje",
            "asked_by": "prosi",
            "asked_at": "kiedy",
            "reason": "powód",
            "state": "stan",
            "expires_at": "ważne do",
            "decided_by": "decyzja",
            "decided_at": "kiedy zdecydowano",
            "decision": "dlaczego tak",
        },
        asked="{id}: poproszono; druga osoba mówi: skrytka approval approve {id} --reason ...",
        approved="{id}: zatwierdzone; {asked_by} może to zrobić raz, zanim wygaśnie",
        refused="{id}: odrzucone",
    ),
}

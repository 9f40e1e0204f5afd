"""Every write the store knows, by name."""

from skrytka.store.commands.base import Command
from skrytka.store.commands.deliver import Deliver, Delivered, QueueDone, Target
from skrytka.store.commands.directory import (
    AddAccount,
    AddAlias,
    AddDomain,
    NewFolder,
    RemoveAccount,
    RemoveAlias,
    RemoveDomain,
    ReserveAccount,
    ResumeAccount,
    SetPassword,
    SetQuota,
    SuspendAccount,
)
from skrytka.store.commands.jobs import CollectBlobs, ExpireJournal, ExpireVault
from skrytka.store.commands.mailbox import (
    AddKeyword,
    CreateMailbox,
    DeleteMailbox,
    MailboxCreated,
    Renamed,
    RenameMailbox,
    Subscribe,
)
from skrytka.store.commands.messages import (
    Expunge,
    Expunged,
    FlagsStored,
    StoreFlags,
    TakeBack,
    TakenBack,
    VaultItem,
)
from skrytka.store.commands.queue import Complete, Defer, Enqueue, QueuedRecipient
from skrytka.store.commands.shared import BlobIn

AnyCommand = (
    AddAccount
    | AddAlias
    | AddDomain
    | AddKeyword
    | CollectBlobs
    | Complete
    | CreateMailbox
    | Defer
    | DeleteMailbox
    | Deliver
    | Enqueue
    | ExpireJournal
    | ExpireVault
    | Expunge
    | RemoveAccount
    | RemoveAlias
    | RemoveDomain
    | RenameMailbox
    | ReserveAccount
    | ResumeAccount
    | SetPassword
    | SetQuota
    | StoreFlags
    | Subscribe
    | SuspendAccount
    | TakeBack
)

__all__ = [
    "AddAccount",
    "AddAlias",
    "AddDomain",
    "AddKeyword",
    "AnyCommand",
    "BlobIn",
    "CollectBlobs",
    "Command",
    "Complete",
    "CreateMailbox",
    "Defer",
    "DeleteMailbox",
    "Deliver",
    "Delivered",
    "Enqueue",
    "ExpireJournal",
    "ExpireVault",
    "Expunge",
    "Expunged",
    "FlagsStored",
    "MailboxCreated",
    "NewFolder",
    "QueueDone",
    "QueuedRecipient",
    "RemoveAccount",
    "RemoveAlias",
    "RemoveDomain",
    "RenameMailbox",
    "Renamed",
    "ReserveAccount",
    "ResumeAccount",
    "SetPassword",
    "SetQuota",
    "StoreFlags",
    "Subscribe",
    "SuspendAccount",
    "TakeBack",
    "TakenBack",
    "Target",
    "VaultItem",
]

"""Every write the store knows, by name."""

from skrytka.store.commands.base import Command
from skrytka.store.commands.copies import Copied, CopyMessages, DropStaged, MoveMessages, PublishCopy, StageCopy
from skrytka.store.commands.deliver import Deliver, Delivered, QueueDone, Target
from skrytka.store.commands.directory import (
    AddAccount,
    AddAlias,
    AddDomain,
    RemoveAccount,
    RemoveAlias,
    RemoveDomain,
    ReserveAccount,
    ResumeAccount,
    SetAlias,
    SetPassword,
    SetQuota,
    SuspendAccount,
)
from skrytka.store.commands.dkim import AddDkimKeys, DkimMove, MoveDkimKeys, NewDkimKey
from skrytka.store.commands.jobs import CollectBlobs, ExpireJournal, ExpireVault, MendTimes
from skrytka.store.commands.mailbox import (
    AddKeyword,
    ClaimRecent,
    CreateMailbox,
    DeleteMailbox,
    MailboxCreated,
    RecentMark,
    Renamed,
    RenameMailbox,
    SubscribeName,
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
from skrytka.store.commands.outbound import Later, Post, Schedule, Settle
from skrytka.store.commands.packs import Pack, PutMailboxPack, PutPacks
from skrytka.store.commands.queue import Complete, Defer, Enqueue, QueuedRecipient, QueueIn
from skrytka.store.commands.shared import BlobIn, NewFolder
from skrytka.store.commands.sts import DropStsPolicies, PutStsPolicy
from skrytka.store.commands.texts import MergeTexts

AnyCommand = (
    AddAccount
    | AddAlias
    | AddDkimKeys
    | AddDomain
    | AddKeyword
    | ClaimRecent
    | CollectBlobs
    | Complete
    | CopyMessages
    | CreateMailbox
    | Defer
    | DeleteMailbox
    | Deliver
    | DropStaged
    | DropStsPolicies
    | Enqueue
    | ExpireJournal
    | ExpireVault
    | Expunge
    | MendTimes
    | MergeTexts
    | MoveDkimKeys
    | MoveMessages
    | Post
    | PublishCopy
    | PutMailboxPack
    | PutPacks
    | PutStsPolicy
    | RemoveAccount
    | RemoveAlias
    | RemoveDomain
    | RenameMailbox
    | ReserveAccount
    | ResumeAccount
    | SetAlias
    | Schedule
    | SetPassword
    | SetQuota
    | Settle
    | StageCopy
    | StoreFlags
    | SubscribeName
    | SuspendAccount
    | TakeBack
)

__all__ = [
    "AddAccount",
    "AddAlias",
    "AddDkimKeys",
    "AddDomain",
    "AddKeyword",
    "AnyCommand",
    "BlobIn",
    "ClaimRecent",
    "CollectBlobs",
    "Command",
    "Complete",
    "Copied",
    "CopyMessages",
    "CreateMailbox",
    "Defer",
    "DeleteMailbox",
    "Deliver",
    "Delivered",
    "DkimMove",
    "DropStaged",
    "DropStsPolicies",
    "Enqueue",
    "ExpireJournal",
    "ExpireVault",
    "Expunge",
    "Expunged",
    "FlagsStored",
    "Later",
    "MailboxCreated",
    "MendTimes",
    "MergeTexts",
    "MoveDkimKeys",
    "MoveMessages",
    "NewDkimKey",
    "NewFolder",
    "Pack",
    "Post",
    "PublishCopy",
    "PutMailboxPack",
    "PutPacks",
    "PutStsPolicy",
    "QueueDone",
    "QueueIn",
    "QueuedRecipient",
    "RecentMark",
    "RemoveAccount",
    "RemoveAlias",
    "RemoveDomain",
    "RenameMailbox",
    "Renamed",
    "ReserveAccount",
    "ResumeAccount",
    "Schedule",
    "SetAlias",
    "SetPassword",
    "SetQuota",
    "Settle",
    "StageCopy",
    "StoreFlags",
    "SubscribeName",
    "SuspendAccount",
    "TakeBack",
    "TakenBack",
    "Target",
    "VaultItem",
]

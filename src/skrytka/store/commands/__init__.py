"""Every write the store knows, by name."""

from skrytka.store.commands.access import (
    AddApiKey,
    AskApproval,
    BeginSession,
    DecideApproval,
    EndSessions,
    ExpireAccess,
    GiveRole,
    NoteHand,
    RemoveApiKey,
    ReturnApproval,
    SeeSession,
    TakeRole,
    UseApiKey,
    UseApproval,
)
from skrytka.store.commands.app_passwords import (
    AddAppPassword,
    AddClientCertificate,
    AppPasswordUse,
    RemoveAppPasswords,
    RemoveClientCertificate,
    UsedAppPasswords,
)
from skrytka.store.commands.base import Command
from skrytka.store.commands.controls import AddDelegation, RemoveDelegation, SetControl
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
from skrytka.store.commands.factors import (
    AddFactor,
    ChangePassword,
    DropMfaRule,
    DropNotice,
    FailFactor,
    PutCodes,
    PutMfaRule,
    RemoveFactor,
    ResetFactors,
    UseCode,
    UseFactor,
)
from skrytka.store.commands.identities import LinkIdentity, UnlinkIdentity
from skrytka.store.commands.jobs import CollectBlobs, ExpireJournal, ExpireVault, MendTimes
from skrytka.store.commands.languages import SetAccountLanguage, SetDomainLanguage
from skrytka.store.commands.machines import EnrolMachine, InviteMachine, RenewMachine, RevokeMachine
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
from skrytka.store.commands.oauth import (
    AddOAuthClient,
    AddOAuthCode,
    AddOAuthDevice,
    DecideOAuthDevice,
    DropOAuthDevice,
    ExpireOAuth,
    NewTokens,
    RedeemOAuthCode,
    RedeemOAuthDevice,
    RemoveOAuthClient,
    RevokeOAuth,
    RotateOAuthToken,
)
from skrytka.store.commands.outbound import Later, Post, Schedule, Settle
from skrytka.store.commands.packs import Pack, PutMailboxPack, PutPacks
from skrytka.store.commands.places import ExpirePlaces, LockAccount, NotePlaces, Place, PutAlert, UnlockAccount
from skrytka.store.commands.queue import Complete, Defer, Enqueue, QueuedRecipient, QueueIn
from skrytka.store.commands.repeats import BeginRepeat, EndRepeat
from skrytka.store.commands.shared import BlobIn, NewFolder
from skrytka.store.commands.sts import DropStsPolicies, PutStsPolicy
from skrytka.store.commands.texts import MergeTexts

AnyCommand = (
    AddAccount
    | AddApiKey
    | AskApproval
    | BeginSession
    | DecideApproval
    | EndSessions
    | ExpireAccess
    | GiveRole
    | NoteHand
    | LinkIdentity
    | UnlinkIdentity
    | RemoveApiKey
    | ReturnApproval
    | SeeSession
    | TakeRole
    | UseApiKey
    | UseApproval
    | AddAlias
    | AddAppPassword
    | AddClientCertificate
    | AddDelegation
    | AddDkimKeys
    | AddDomain
    | AddFactor
    | AddKeyword
    | AddOAuthClient
    | AddOAuthCode
    | AddOAuthDevice
    | BeginRepeat
    | ChangePassword
    | ClaimRecent
    | CollectBlobs
    | Complete
    | CopyMessages
    | CreateMailbox
    | DecideOAuthDevice
    | Defer
    | DeleteMailbox
    | Deliver
    | DropMfaRule
    | DropNotice
    | DropOAuthDevice
    | DropStaged
    | DropStsPolicies
    | EndRepeat
    | Enqueue
    | EnrolMachine
    | ExpireJournal
    | ExpireOAuth
    | ExpirePlaces
    | ExpireVault
    | Expunge
    | FailFactor
    | InviteMachine
    | LockAccount
    | MendTimes
    | MergeTexts
    | MoveDkimKeys
    | MoveMessages
    | NotePlaces
    | Post
    | PublishCopy
    | PutAlert
    | PutCodes
    | PutMailboxPack
    | PutMfaRule
    | PutPacks
    | PutStsPolicy
    | RedeemOAuthCode
    | RedeemOAuthDevice
    | RemoveAccount
    | RemoveAlias
    | RemoveAppPasswords
    | RemoveClientCertificate
    | RemoveDelegation
    | RemoveDomain
    | RemoveFactor
    | RemoveOAuthClient
    | RenameMailbox
    | RenewMachine
    | ReserveAccount
    | ResetFactors
    | ResumeAccount
    | RevokeMachine
    | RevokeOAuth
    | RotateOAuthToken
    | Schedule
    | SetAccountLanguage
    | SetAlias
    | SetControl
    | SetDomainLanguage
    | SetPassword
    | SetQuota
    | Settle
    | StageCopy
    | StoreFlags
    | SubscribeName
    | SuspendAccount
    | TakeBack
    | UnlockAccount
    | UseCode
    | UseFactor
    | UsedAppPasswords
)

__all__ = [
    "AddAccount",
    "AddAlias",
    "AddApiKey",
    "AddAppPassword",
    "AddClientCertificate",
    "AddDelegation",
    "AddDkimKeys",
    "AddDomain",
    "AddFactor",
    "AddKeyword",
    "AddOAuthClient",
    "AddOAuthCode",
    "AddOAuthDevice",
    "AnyCommand",
    "AppPasswordUse",
    "AskApproval",
    "BeginRepeat",
    "BeginSession",
    "BlobIn",
    "ChangePassword",
    "ClaimRecent",
    "CollectBlobs",
    "Command",
    "Complete",
    "Copied",
    "CopyMessages",
    "CreateMailbox",
    "DecideApproval",
    "DecideOAuthDevice",
    "Defer",
    "DeleteMailbox",
    "Deliver",
    "Delivered",
    "DkimMove",
    "DropMfaRule",
    "DropNotice",
    "DropOAuthDevice",
    "DropStaged",
    "DropStsPolicies",
    "EndRepeat",
    "EndSessions",
    "Enqueue",
    "EnrolMachine",
    "ExpireAccess",
    "ExpireJournal",
    "ExpireOAuth",
    "ExpirePlaces",
    "ExpireVault",
    "Expunge",
    "Expunged",
    "FailFactor",
    "FlagsStored",
    "GiveRole",
    "InviteMachine",
    "Later",
    "LinkIdentity",
    "LockAccount",
    "MailboxCreated",
    "MendTimes",
    "MergeTexts",
    "MoveDkimKeys",
    "MoveMessages",
    "NewDkimKey",
    "NewFolder",
    "NewTokens",
    "NoteHand",
    "NotePlaces",
    "Pack",
    "Place",
    "Post",
    "PublishCopy",
    "PutAlert",
    "PutCodes",
    "PutMailboxPack",
    "PutMfaRule",
    "PutPacks",
    "PutStsPolicy",
    "QueueDone",
    "QueueIn",
    "QueuedRecipient",
    "RecentMark",
    "RedeemOAuthCode",
    "RedeemOAuthDevice",
    "RemoveAccount",
    "RemoveAlias",
    "RemoveApiKey",
    "RemoveAppPasswords",
    "RemoveClientCertificate",
    "RemoveDelegation",
    "RemoveDomain",
    "RemoveFactor",
    "RemoveOAuthClient",
    "RenameMailbox",
    "Renamed",
    "RenewMachine",
    "ReserveAccount",
    "ResetFactors",
    "ResumeAccount",
    "ReturnApproval",
    "RevokeMachine",
    "RevokeOAuth",
    "RotateOAuthToken",
    "Schedule",
    "SeeSession",
    "SetAccountLanguage",
    "SetAlias",
    "SetControl",
    "SetDomainLanguage",
    "SetPassword",
    "SetQuota",
    "Settle",
    "StageCopy",
    "StoreFlags",
    "SubscribeName",
    "SuspendAccount",
    "TakeBack",
    "TakeRole",
    "TakenBack",
    "Target",
    "UnlinkIdentity",
    "UnlockAccount",
    "UseApiKey",
    "UseApproval",
    "UseCode",
    "UseFactor",
    "UsedAppPasswords",
    "VaultItem",
]

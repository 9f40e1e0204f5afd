"""All commands, by name. A new one is a row in the module of its kind; a test demands its permission and its route."""

from typing import Final

from skrytka.mail.admin.commands.access import ACCESS
from skrytka.mail.admin.commands.accounts import ACCOUNTS
from skrytka.mail.admin.commands.approval_ask import APPROVAL_ASK
from skrytka.mail.admin.commands.approvals import APPROVALS
from skrytka.mail.admin.commands.base import Command
from skrytka.mail.admin.commands.directories import DIRECTORIES
from skrytka.mail.admin.commands.domains import DOMAINS
from skrytka.mail.admin.commands.factors import FACTORS
from skrytka.mail.admin.commands.logins import LOGIN_COMMANDS
from skrytka.mail.admin.commands.machines import MACHINES
from skrytka.mail.admin.commands.mail_programs import MAIL_PROGRAMS
from skrytka.mail.admin.commands.node import NODE_COMMANDS
from skrytka.mail.admin.commands.programs import PROGRAMS
from skrytka.mail.admin.commands.providers import PROVIDER_COMMANDS
from skrytka.mail.admin.commands.reports import REPORTS
from skrytka.mail.admin.commands.sharing import SHARING

COMMANDS: Final[dict[str, Command]] = {
    **NODE_COMMANDS,
    **DOMAINS,
    **ACCOUNTS,
    **PROGRAMS,
    **DIRECTORIES,
    **PROVIDER_COMMANDS,
    **MAIL_PROGRAMS,
    **FACTORS,
    **ACCESS,
    **LOGIN_COMMANDS,
    **MACHINES,
    **REPORTS,
    **SHARING,
    **APPROVAL_ASK,
    **APPROVALS,
}

"""Outside directories."""

from typing import Final

from skrytka.mail.admin.commands.base import Args, Command, Route, on_node
from skrytka.mail.admin.outside import SyncChange
from skrytka.mail.identity.permissions import Permission


class SyncArgs(Args, frozen=True, kw_only=True):
    is_dry: bool = False  # only say what would be done
    is_forced: bool = False  # though many are gone there


DIRECTORIES: Final[dict[str, Command]] = {
    "directory.sync": Command(
        args=SyncArgs,
        result=list[SyncChange],
        permission=Permission.DIRECTORY_SYNC,
        scope=on_node,
        run=lambda deps, args, actor, _: deps.admin.outside.sync(
            actor.name, is_dry=args.is_dry, is_forced=args.is_forced
        ),
        route=Route("POST", "/directory/sync"),
        is_slow=True,
        is_dangerous=True,  # it may suspend accounts and give roles
    ),
}

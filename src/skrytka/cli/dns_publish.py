"""``skrytka dns --publish``: shows what would be changed, asks, does it, and says how it is undone."""

from collections.abc import Mapping
from typing import Any

import click

from skrytka.cli import output
from skrytka.cli.connect import ask


def publish(domain: str, *, is_sure: bool, as_json: bool) -> int:
    """8 when something is left that has to be done by hand."""
    from skrytka.cli.main import EXIT_DIFFERENCES, EXIT_OK

    if as_json and not is_sure:
        raise click.UsageError("--json cannot ask: --publish --json needs --yes")
    plan = ask("dns.plan", domain=domain)
    is_empty = not any(zone["add"] or zone["remove"] for zone in plan["zones"])
    if not as_json:
        _print_plan(plan)
    undo = [] if is_empty else _do(domain, plan, is_sure=is_sure)
    if as_json:
        output.print_json({**plan, "undo": undo})
    elif is_empty:
        click.echo("nothing to publish")
    else:
        click.echo(
            "published; name servers and resolvers need their time to show it. To undo it, give nsupdate -k KEY:"
        )
        for line in undo:
            click.echo(f"    {output.visible(line)}")
    is_whole = not plan["elsewhere"] and not any(zone["left"] for zone in plan["zones"])
    return EXIT_OK if is_whole else EXIT_DIFFERENCES


def _do(domain: str, plan: Mapping[str, Any], *, is_sure: bool) -> list[str]:
    if not is_sure:
        click.confirm("Publish this?", abort=True, err=True)
    undo: list[str] = ask("dns.publish", domain=domain, plan=plan)["undo"]
    return undo


def _print_plan(plan: Mapping[str, Any]) -> None:
    for zone in plan["zones"]:
        click.echo(f"zone {zone['zone']} at {zone['server']}:")
        for mark, name in (("-", "remove"), ("+", "add")):
            for line in zone[name]:
                click.echo(f"  {mark} {output.visible(line)}")
        for line in zone["left"]:
            click.echo(f"  ! by hand, since another record is there: {output.visible(line)}")
    for line in plan["elsewhere"]:
        click.echo(f"in another zone: {output.visible(line)}")

"""``skrytka config``: the settings file."""

from typing import TYPE_CHECKING

import click

from skrytka.cli import options, output

if TYPE_CHECKING:
    from skrytka.daemon.config import Config


@click.group()
def config() -> None:
    """Check the settings."""


@config.command()
@options.json_option
@options.installation_options
def check(*, as_json: bool) -> int:
    """Find every mistake in the settings, with its line and what is allowed there; and say whether DNS is validated."""
    import asyncio

    from skrytka.cli.main import EXIT_CONFIG, EXIT_OK, complain
    from skrytka.daemon.config import ConfigError
    from skrytka.daemon.config_files import check_files

    path = options.config_path()
    try:
        found = check_files(path)
    except ConfigError as exc:
        if as_json:
            output.print_json({"file": str(path), "is_valid": False, "faults": exc.faults})
        else:
            for fault in exc.faults:
                complain(str(fault))
        return EXIT_CONFIG
    state, said = asyncio.run(_dnssec(found))
    if as_json:
        output.print_json({"file": str(path), "is_valid": True, "faults": [], "dnssec": state})
    else:
        click.echo(f"{path}: no mistakes")
        click.echo(said)
    return EXIT_OK


async def _dnssec(config: "Config") -> tuple[str, str]:
    from skrytka.daemon.dnssec import look, sentence
    from skrytka.daemon.resolver import resolver_of
    from skrytka.store.system import SystemClock, SystemRandom

    resolver = resolver_of(config.settings.dns, config.layout, SystemClock(), SystemRandom())
    state = await look(resolver)
    return state.value, sentence(state, resolver)

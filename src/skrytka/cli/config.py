"""``skrytka config``: the settings file."""

import click

from skrytka.cli import options, output


@click.group()
def config() -> None:
    """Check the settings."""


@config.command()
@options.json_option
@options.installation_options
def check(*, as_json: bool) -> int:
    """Find every mistake in the settings, with its line and what is allowed there."""
    from skrytka.cli.main import EXIT_CONFIG, EXIT_OK, complain
    from skrytka.daemon.config import ConfigError
    from skrytka.daemon.config_files import check_files

    path = options.config_path()
    try:
        check_files(path)
    except ConfigError as exc:
        if as_json:
            output.print_json({"file": str(path), "is_valid": False, "faults": exc.faults})
        else:
            for fault in exc.faults:
                complain(str(fault))
        return EXIT_CONFIG
    if as_json:
        output.print_json({"file": str(path), "is_valid": True, "faults": []})
    else:
        click.echo(f"{path}: no mistakes")
    return EXIT_OK

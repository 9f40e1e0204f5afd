"""``skrytka events``: the event log."""

import click

from skrytka.cli import options, output


@click.group()
def events() -> None:
    """The event log."""


@events.command()
@options.json_option
@options.installation_options
def verify(*, as_json: bool) -> int:
    """Prove that no event was changed, removed or added: chains, personal parts, signed checkpoints."""
    from skrytka.cli.main import EXIT_DIFFERENCES, EXIT_OK, complain
    from skrytka.store.events.verify import verify as verify_folder

    options.check_installation()
    report = verify_folder(options.layout().events)
    if as_json:
        output.print_json(report)
    else:
        output.print_facts(
            {
                "events": report.events,
                "chains": report.chains,
                "checkpoints": report.checkpoints,
                "erased personal parts": report.erased,
                "torn lines": report.torn,
                "newer than the last checkpoint": report.unsigned,
                "gone with their retention": report.retired,
                "problems": len(report.problems),
            }
        )
    for problem in report.problems:
        complain(problem)
    return EXIT_OK if report.is_sound else EXIT_DIFFERENCES

"""What holds for every test: groups and their time limits, what "not run" means, and the sizes of a run."""

import os
import sys
from collections import Counter
from collections.abc import Generator
from pathlib import Path

import pytest
from hypothesis import settings as hypothesis_settings

from tests.support.needs import NOT_RUN, vectors_dir, why_no_vectors, why_not
from tests.support.sizes import long, require_all

TESTS = Path(__file__).resolve().parent
# Seconds that one test of a group may take: (by hand, with the long sizes).
TIME_LIMITS_S = {
    "unit": (20, 60),
    "transcripts": (20, 60),
    "vectors": (60, 120),
    "fuzz": (60, 300),
    "tree": (180, 180),
    "interop": (120, 600),
    "faults": (180, 900),
    "upgrade": (120, 300),
}

# They race real servers, clients and clocks on a machine that others use too: what fails is run again, and said to be.
# Of units it is those with PostgreSQL, sockets and chance (test_postgres, test_machine): one or two in seven thousand.
AGAIN = {"interop": 2, "faults": 2, "upgrade": 2, "unit": 2, "transcripts": 1}

hypothesis_settings.register_profile("short", max_examples=60, deadline=None, derandomize=True, database=None)
hypothesis_settings.register_profile("long", max_examples=1000, deadline=None, database=None)
hypothesis_settings.load_profile("long" if long() else "short")


def group_of(path: Path) -> str:
    """The folder under tests/ that a test lies in."""
    return path.relative_to(TESTS).parts[0]


def pytest_configure(config: pytest.Config) -> None:
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # servers that tests start would compile all of src each time
    sys.dont_write_bytecode = False
    if long():  # child processes that tests start take the same sizes
        os.environ["SKRYTKA_LONG"] = "1"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        group = group_of(item.path)
        if group not in TIME_LIMITS_S:
            msg = f"{item.path} is in no test group; the groups are {', '.join(sorted(TIME_LIMITS_S))}"
            raise pytest.UsageError(msg)
        if item.get_closest_marker("timeout") is None:
            item.add_marker(pytest.mark.timeout(TIME_LIMITS_S[group][long()]))
        if group in AGAIN:
            item.add_marker(pytest.mark.flaky(reruns=AGAIN[group]))


def pytest_runtest_setup(item: pytest.Item) -> None:
    for marker in item.iter_markers("needs"):
        if reason := why_not(marker.args):
            pytest.skip(reason)
    for marker in item.iter_markers("needs_vectors"):
        if reason := why_no_vectors(marker.args[0]):
            pytest.skip(reason)


@pytest.fixture(scope="session")
def vectors() -> Path:
    """The folder of the test vectors; a test that uses it is marked ``needs_vectors``."""
    return vectors_dir()


# -- not run ------------------------------------------------------------------------------------------------------


def skip_reason(report: pytest.TestReport | pytest.CollectReport) -> str:
    """The words of a skip, without the file and line that pytest puts before them."""
    reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
    return reason.removeprefix("Skipped: ")


def fail_if_required(report: pytest.TestReport | pytest.CollectReport) -> None:
    """Under REQUIRE_ALL=1 whatever was skipped, for whatever reason, has failed."""
    if report.outcome == "skipped" and require_all() and not hasattr(report, "wasxfail"):
        reason = skip_reason(report)
        report.outcome = "failed"
        report.longrepr = reason if reason.startswith(NOT_RUN) else NOT_RUN + reason


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    fail_if_required(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    fail_if_required(report)
    return report


def pytest_sessionfinish(session: pytest.Session) -> None:
    """A run in which nothing passed is no success (everything skipped, for instance)."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if reporter is None or session.config.option.collectonly or session.exitstatus != pytest.ExitCode.OK:
        return
    if not reporter.stats.get("passed"):
        session.exitstatus = pytest.ExitCode.NO_TESTS_COLLECTED


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Says which groups ran, and which tests did not and what they lack."""
    ran: Counter[str] = Counter()
    missing: dict[str, list[str]] = {}
    for outcome in ("passed", "failed", "error", "skipped"):
        for report in terminalreporter.stats.get(outcome, []):
            reason = skip_reason(report) if report.longrepr else ""
            if outcome == "skipped" or reason.startswith(NOT_RUN):
                missing.setdefault(reason.removeprefix(NOT_RUN), []).append(report.nodeid)
            else:
                ran[report.nodeid.split("/")[1] if "/" in report.nodeid else report.nodeid] += 1
    if ran:
        counts = ", ".join(f"{group} {count}" for group, count in sorted(ran.items()))
        terminalreporter.write_line(f"tests run: {counts}")
    if not missing:
        return
    terminalreporter.section("not run", sep="=", yellow=True)
    for reason, nodeids in sorted(missing.items()):
        terminalreporter.write_line(f"{reason}:")
        for nodeid in sorted(nodeids):
            terminalreporter.write_line(f"    {nodeid}")

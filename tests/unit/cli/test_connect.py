import pytest

from skrytka.cli import connect


@pytest.mark.parametrize(("is_terminal", "shown"), [(True, "... half\n"), (False, "")])
def test_progress_is_for_people_only(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, is_terminal: bool, shown: str
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: is_terminal)
    connect.tell("half")
    assert capsys.readouterr().err == shown

from pathlib import Path

from skrytka.daemon.layout import Layout


def test_everything_lies_in_the_folder() -> None:
    layout = Layout(Path("/x"))
    paths = [getattr(layout, name) for name in dir(Layout) if isinstance(getattr(Layout, name), property)]
    flat = [path for value in paths for path in (value if isinstance(value, tuple) else (value,))]
    assert len(flat) > 10
    assert all(path.is_relative_to("/x") for path in flat)


def test_the_master_key_is_in_no_folder_that_the_server_writes() -> None:
    layout = Layout(Path("/x"))
    assert not any(layout.master_key.is_relative_to(folder) for folder in layout.writable)

"""Settings of a demo that is stopped, changed as an administrator does."""

from pathlib import Path

import tomlkit


def change(root: Path, **sections: dict[str, object]) -> None:
    """``change(root, imap={"logins": 1})``: keys of [imap] and so on in ``skrytka.toml``."""
    path = root / "skrytka.toml"
    document = tomlkit.parse(path.read_text())
    for name, values in sections.items():
        table = document.setdefault(name, tomlkit.table())
        for key, value in values.items():
            table[key] = value
    path.write_text(tomlkit.dumps(document))

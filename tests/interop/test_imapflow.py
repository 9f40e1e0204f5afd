"""imapflow (Node.js) does the work of a day against the demo: tests/interop/imapflow/work.js."""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.demo import Demo
from tests.support.node import modules

FOLDER = Path(__file__).parent / "imapflow"
NEWS = b"From: x@example.net\r\nSubject: for imapflow\r\n\r\nnew\r\n"


@pytest.fixture
def demo(tmp_path: Path) -> Iterator[Demo]:
    with Demo(tmp_path / "demo") as running:
        yield running


@pytest.mark.needs("nodejs", "npm")
def test_imapflow_works_with_folders_letters_attachments_and_news(demo: Demo) -> None:
    facts = {
        "port": demo.port("imaps"),
        "user": "bob@example.test",
        "pass": demo.password("bob"),
        "ca": Path(demo.facts["ca"]).read_text(),
    }
    process = subprocess.Popen(
        ["node", str(FOLDER / "work.js"), json.dumps(facts)],
        env=os.environ | {"NODE_PATH": str(modules(FOLDER))},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout is not None
        assert process.stderr is not None
        if process.stdout.readline() == "idling\n":
            demo.send("bob@example.test", NEWS)
        output = process.stdout.read()
        errors = process.stderr.read()
    assert (process.returncode, output) == (0, "done\n"), errors
    with demo.inbox("bob") as client:
        names = [line.split(b' "/" ')[1].strip(b'"') for line in client.list()[1] if isinstance(line, bytes)]
        assert sorted(names) == [b"Archive", b"Drafts", b"INBOX", b"Junk", b"Sent", b"Trash"]
        for folder, messages in (("Archive", b"1 2"), ("Trash", b"1"), ("INBOX", b"1")):
            client.select(folder)
            assert client.search(None, "ALL")[1] == [messages]

"""Makes tests/upgrade/fixtures/NAME.tar.xz: a small installation of today's code, for the tests of later releases.

Run ``python -m scripts.make_upgrade_fixture NAME`` at the root of the repository, once per release; that of one is
never made anew. In it are keys, passwords and the recovery key of nobody: it is a test fixture and protects nothing.
"""

import contextlib
import hashlib
import io
import json
import re
import shutil
import signal
import smtplib
import sys
import tarfile
import tempfile
import time
from pathlib import Path
from typing import Any

from skrytka import __version__
from tests.support.faults.all_kinds import every_inspector_gets
from tests.support.production import Installation, contents, quarantined

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "tests" / "upgrade" / "fixtures"
DOMAIN = "example.org"
PASSWORD = "a fixture's password"  # noqa: S105 - of nobody
NAMES = ("eva", "adam")
NOT_KEPT = re.compile(r"/run/.+|/store/lock$|\.sqlite-(wal|shm)$")
LARGE_BYTES = 400_000  # beyond one segment: a blob in a file, small in the archive because it repeats itself
MANY = 260  # more than one chunk of search text, one pack of a listing
NEEDLE = "needle"
NOTICES = 3  # in adam's INBOX, with the message to the alias
HANGS_S = 120.0  # an inspector is given up after 20 s, twice
MAX_BYTES = 400_000


def message(subject: str, body: str, *, kind: str = "text/plain; charset=utf-8") -> bytes:
    lines = (
        "From: =?utf-8?q?Kto=C5=9B?= <someone@example.net>",
        f"To: eva@{DOMAIN}",
        f"Subject: {subject}",
        f"Message-ID: <{hashlib.sha256(subject.encode()).hexdigest()[:16]}@example.net>",
        "Date: Sun, 22 Nov 2026 11:00:00 +0000",
        "MIME-Version: 1.0",
        f"Content-Type: {kind}",
        "",
        body,
    )
    return "\r\n".join(lines).encode() + b"\r\n"


MULTIPART = """\
--edge
Content-Type: text/html

<p>Zażółć</p>
--edge
Content-Type: application/octet-stream
Content-Transfer-Encoding: base64

AAECAwQFBgc=
--edge--""".replace("\n", "\r\n")


def fill(installation: Installation) -> None:
    """People, an alias, mail of every shape, flags, mailboxes; a message expunged, one set apart, one queued."""
    installation.do("domain", "add", "example.com")
    for name in NAMES:
        installation.do("account", "add", f"{name}@{DOMAIN}", "--password-stdin", text=PASSWORD)
    installation.do("account", "quota", f"adam@{DOMAIN}", "10M")
    installation.do("alias", "add", "team@example.com", *(f"{name}@{DOMAIN}" for name in NAMES))
    eva = f"eva@{DOMAIN}"
    installation.send(eva, message("little", "Hello."))
    installation.send(eva, message("zażółć", "gęślą jaźń"))
    installation.send(eva, message("parts", MULTIPART, kind='multipart/mixed; boundary="edge"'))
    installation.send(eva, message("large", ("x" * 78 + "\r\n") * (LARGE_BYTES // 80)))
    installation.send("team@example.com", message("one for two", "One copy, two mailboxes."))
    installation.send(eva, message("expunged", "In the vault."))
    with installation.client(eva, PASSWORD) as client:
        client.create("Archive/2026")
        client.select("INBOX")
        client.uid("STORE", "1", "+FLAGS.SILENT", r"(\Seen \Flagged project)")
        client.uid("STORE", "2", "+FLAGS.SILENT", r"(\Answered)")
        client.uid("COPY", "3", "Archive/2026")
        client.append("Archive/2026", r"(\Seen)", '"01-Jan-2020 10:00:00 +0000"', message("appended", "Kept."))
        client.uid("STORE", "6", "+FLAGS.SILENT", r"(\Deleted)")
        client.expunge()
    fill_archive(installation)
    quarantine(installation)
    queue(installation)


def fill_archive(installation: Installation) -> None:
    """A mailbox whose search text is in a sealed chunk, which the first search makes."""
    with installation.client(f"adam@{DOMAIN}", PASSWORD) as client:
        client.create("Many")
        for number in range(MANY):
            body = NEEDLE if number % 50 == 0 else "hay"
            client.append("Many", "", "", f"Subject: {number}\r\n\r\n{body}\r\n".encode())
        client.select("Many")
        client.search(None, "TEXT", NEEDLE)
        client.fetch("1:*", "(UID FLAGS)")


def quarantine(installation: Installation) -> None:
    """Two inspectors hang at one message: it is set apart."""
    with (
        every_inspector_gets(signal.SIGSTOP, installation),
        smtplib.SMTP("127.0.0.1", installation.port("smtp"), timeout=HANGS_S) as client,
    ):
        client.sendmail("someone@example.net", [f"eva@{DOMAIN}"], message("poisoned", "Set apart."))


def queue(installation: Installation) -> None:
    """For a domain that cannot be looked up; it is tried once and waits."""
    address = f"eva@{DOMAIN}"
    port = installation.port("submissions")
    with smtplib.SMTP_SSL("127.0.0.1", port, timeout=60, context=installation.tls()) as client:
        client.login(address, PASSWORD)
        client.sendmail(
            address,
            ["friend@example.net"],
            message("queued", "Waits.").replace(b"someone@example.net", address.encode()),
        )
    while not all(row["attempts"] for row in installation.result("queue", "list")):
        time.sleep(0.2)


def let_in(installation: Installation) -> str:
    """An app password of adam's; eva writes for him and is an auditor."""
    eva, adam = (f"{name}@{DOMAIN}" for name in NAMES)
    installation.do("delegation", "add", adam, eva, "send_as")
    installation.do("role", "give", eva, "auditor")
    password = str(installation.result("app-password", "add", adam, "telephone")["password"])
    with installation.client(adam, PASSWORD) as client:  # he is told of both
        while int(client.status("INBOX", "(MESSAGES)")[1][0].split()[-1].rstrip(b")")) < NOTICES:
            time.sleep(0.2)
    return password


def search(installation: Installation) -> list[str]:
    """UIDs of adam's messages that have the needle."""
    with installation.client(f"adam@{DOMAIN}", PASSWORD) as client:
        client.select("Many", readonly=True)
        return str(client.uid("SEARCH", "TEXT", NEEDLE)[1][0].decode()).split()


def pack(installation: Installation, manifest: dict[str, Any], target: Path) -> None:
    """The stopped installation without what belongs to a running one, and the manifest beside it."""

    def keep(member: tarfile.TarInfo) -> tarfile.TarInfo | None:
        if NOT_KEPT.search(member.name):
            return None
        member.uid = member.gid = 0
        member.uname = member.gname = "root"
        return member

    text = json.dumps(manifest, indent=1, ensure_ascii=False).encode()
    with tarfile.open(target, "w:xz", preset=9) as archive:
        archive.add(installation.root, "installation", filter=keep)
        head = tarfile.TarInfo("manifest.json")
        head.size = len(text)
        archive.addfile(head, io.BytesIO(text))


def main() -> int:
    target = FOLDER / f"{sys.argv[1]}.tar.xz"
    if target.exists():
        print(f"{target.name} is there: a fixture is never made anew", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        stack.callback(shutil.rmtree, folder, ignore_errors=True)
        installation = Installation.made(Path(folder) / "installation", DOMAIN, PASSWORD)
        with (installation.root / "skrytka.toml").open("a") as file:
            file.write('\n[dns]\nresolvers = ["127.0.0.1:1"]\n')  # nobody answers there
        with installation:
            fill(installation)
            app_password = let_in(installation)
            shown = contents(installation, [f"{name}@{DOMAIN}" for name in NAMES], PASSWORD)
            queued = [row["recipient"] for row in installation.result("queue", "list")]
            found = search(installation)
            set_apart = quarantined(installation.root)
        if list(installation.root.rglob("*.sqlite-wal")):
            print("a WAL is left: not stopped cleanly", file=sys.stderr)
            return 1
        manifest = {
            "what": "a test fixture; its keys and passwords are nobody's",
            "made_by": f"skrytka {__version__}",
            "password": PASSWORD,
            "recovery_key": installation.recovery_file.read_text().strip(),
            "contents": shown,
            "queued": queued,
            "needles": found,
            "quarantined": set_apart,
            "app_password": app_password,
        }
        target.parent.mkdir(parents=True, exist_ok=True)
        pack(installation, manifest, target)
    print(f"{target.name}: {target.stat().st_size} bytes")
    return 0 if target.stat().st_size < MAX_BYTES else 1


if __name__ == "__main__":
    sys.exit(main())

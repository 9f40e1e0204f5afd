"""A whole server whose people sign in by Debian's glewlwyd; requests is their browser."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.support.demo import Demo
from tests.support.glewlwyd import SECRET, Glewlwyd, glewlwyd

pytestmark = pytest.mark.needs("glewlwyd", "sqlite3")

SCHEMA = Path("/usr/share/dbconfig-common/data/glewlwyd/install/sqlite3")
MODULES = Path("/usr/lib/glewlwyd")
SETTINGS = """
[[providers]]
name = "corp"
title = "Example Corp"
issuer = "{issuer}"
client_id = "skrytka"
client_secret_file = "provider-secret"
domains = ["example.org"]
is_address_trusted = true
networks = ["127.0.0.0/8"]
ca_file = "provider-ca.pem"
"""


class Browser:
    """Of one person, at both."""

    def __init__(self, demo: Demo, there: Glewlwyd, name: str) -> None:
        self._there = there
        self._own = f"https://localhost:{demo.port('web')}"
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.verify = str(demo.facts["ca"])
        self._at_provider = there.browser(name)

    def __enter__(self) -> "Browser":
        return self

    def __exit__(self, *_exc: object) -> None:
        self._session.close()
        self._at_provider.close()

    def get(self, place: str) -> requests.Response:
        return self._session.get(self._own + place, allow_redirects=False, timeout=20)

    def post(self, place: str, **form: str) -> requests.Response:
        return self._session.post(self._own + place, data=form, allow_redirects=False, timeout=20)

    def sent(self, place: str) -> str:
        answer = self.get(place)
        assert answer.status_code == 303, answer.text
        return str(answer.headers["Location"])

    def come(self, place: str = "/sign-in/with/corp?next=%2Fprograms") -> requests.Response:
        """Sent there, let in there, sent back: our answer."""
        back = self._there.answer(self._at_provider, self.sent(place))
        assert back.startswith(self._own + "/sign-in/with/corp/callback?")
        return self.get(back.removeprefix(self._own))


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Demo, Glewlwyd]]:
    """A demo that was stopped, told of the provider, and started again."""
    folder = tmp_path_factory.mktemp("provider")
    (folder / "glewlwyd").mkdir()
    with Demo(folder / "demo") as first:
        first.run("domain", "add", "example.org")
        root, port = first.root, first.port("web")
    redirect_uri = f"https://localhost:{port}/sign-in/with/corp/callback"
    with glewlwyd(folder / "glewlwyd", SCHEMA, MODULES, redirect_uri) as there:
        with (root / "skrytka.toml").open("a") as file:
            file.write(SETTINGS.format(issuer=there.issuer))
        with (root / "zone.yml").open("a") as file:
            file.write("localhost:\n  - A: 127.0.0.1\n")
        (root / "provider-secret").write_text(SECRET + "\n")
        (root / "provider-ca.pem").write_bytes(there.ca.read_bytes())
        with Demo(root) as running:
            yield running, there


def test_somebody_signs_in_by_it_and_has_an_account_from_then_on(both: tuple[Demo, Glewlwyd]) -> None:
    demo, there = both
    with Browser(demo, there, "alice") as browser:
        assert "Example Corp" in browser.get("/sign-in").text
        answer = browser.come()
        assert answer.status_code == 303, answer.text
        assert answer.headers["Location"] == "/programs"
        assert "alice@example.org" in browser.get("/programs").text
        assert browser.come().status_code == 303  # again, as the same
        assert demo.run("account", "list").stdout.count("alice@example.org") == 1
        demo.run("account", "suspend", "alice@example.org")
        assert browser.get("/programs").status_code == 303
        assert browser.come().status_code == 403
        demo.run("account", "resume", "alice@example.org")


def test_an_answer_counts_once_and_in_the_browser_that_asked(both: tuple[Demo, Glewlwyd]) -> None:
    demo, there = both
    with Browser(demo, there, "alice") as browser, Browser(demo, there, "alice") as other:
        back = there.answer(browser._at_provider, browser.sent("/sign-in/with/corp"))
        place = "/" + back.split("/", 3)[3]
        assert other.get(place).status_code == 403
        assert browser.get(place).status_code == 303
        assert browser.get(place).status_code == 403


def test_nobody_takes_an_address_that_is_somebody_elses(both: tuple[Demo, Glewlwyd]) -> None:
    demo, there = both
    with Browser(demo, there, "mallory") as browser:  # there he is called bob@example.test
        answer = browser.come()
        assert answer.status_code == 403
        assert browser.get("/programs").status_code == 303


def test_an_owner_links_the_account_that_is_there(both: tuple[Demo, Glewlwyd]) -> None:
    demo, there = both
    address, given, own = "dora@example.org", "a password that was given", "kobold swims past seven lanterns"
    demo.run("account", "add", address, "--password-stdin", text=given + "\n")
    with Browser(demo, there, "dora") as browser:
        assert "has its own sign-in" in browser.come().text
        browser.post("/sign-in", next="/security", address=address, password=given)
        assert browser.post("/security/password", old=given, new=own).status_code == 200
        browser.post("/sign-in", next="/security", address=address, password=own)
        assert browser.get("/security/providers/corp").headers["Location"] == "/security/providers"
        (place,) = re.findall(r'href="(/security/providers/corp[^"]*)"', browser.get("/security/providers").text)
        assert browser.come(place).headers["Location"] == "/security/providers"
        assert there.issuer in demo.run("account", "link", "list", address).stdout
        browser.post("/sign-out")
        assert browser.get("/programs").status_code == 303
        assert browser.come().headers["Location"] == "/programs"
        demo.run("account", "link", "remove", address, there.issuer)
        assert browser.get("/programs").status_code == 303
        assert browser.come().status_code == 403

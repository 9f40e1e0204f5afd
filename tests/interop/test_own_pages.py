"""Chromium at the demo: somebody makes an app password for himself, mail programs use it, he ends it."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.support.browser import opened
from tests.support.demo import Demo

pytestmark = pytest.mark.needs("chromium", "curl")
NAME = "alice@example.test"
TITLES = {"/security/logins": "Logins to your account", "/security/sessions": "Where you are signed in"}


@pytest.fixture(scope="module")
def demo() -> Iterator[Demo]:
    with Demo() as running:
        yield running


@pytest.fixture
def browser(demo: Demo, tmp_path: Path) -> Iterator[BrowserContext]:
    with opened(demo, tmp_path) as context:
        yield context


def sign_in(demo: Demo, page: Page, place: str) -> None:
    page.goto(f"https://localhost:{demo.port('web')}/sign-in?next={place}")
    page.fill("[name=address]", NAME)
    page.fill("[name=password]", demo.password("alice"))
    page.click("button")


def curl(demo: Demo, url: str, password: str, *more: str) -> int:
    """The exit status; 67: the login was refused."""
    command = ["curl", "--silent", "--show-error", "--insecure", "--max-time", "60", "--user", f"{NAME}:{password}"]
    return subprocess.run([*command, *more, url], capture_output=True, check=False).returncode


def test_an_app_password_is_made_used_by_a_mail_program_seen_and_ended(
    demo: Demo, browser: BrowserContext, tmp_path: Path
) -> None:
    page = browser.pages[0]
    sign_in(demo, page, "/security/app-passwords")
    page.fill("[name=name]", "phone")
    page.uncheck("[name=smtp]")
    page.select_option("[name=days]", "30")
    page.get_by_role("button", name="Make").click()
    secret = page.locator("code.secret").inner_text()
    assert re.fullmatch(r"([a-z2-7]{4}-){7}[a-z2-7]{4}", secret)

    imap, smtp = f"imaps://127.0.0.1:{demo.port('imaps')}/INBOX", f"smtps://127.0.0.1:{demo.port('submissions')}"
    assert curl(demo, imap, secret) == 0
    letter = tmp_path / "letter"
    letter.write_text(f"From: {NAME}\r\nTo: {NAME}\r\nSubject: no\r\n\r\nno\r\n")
    sending = ("--mail-from", NAME, "--mail-rcpt", NAME, "--upload-file", str(letter))
    assert curl(demo, smtp, secret, *sending) == 67  # it is for reading

    def used() -> bool:
        page.goto(f"https://localhost:{demo.port('web')}/security/app-passwords")
        return "imaps" in page.get_by_role("row", name="phone").inner_text()

    demo.wait_for(used, 120)
    page.get_by_role("row", name="phone").get_by_role("button", name="End").click()
    expect(page.get_by_text("There are none yet.")).to_be_visible()
    assert curl(demo, imap, secret) == 67


@pytest.mark.parametrize("place", TITLES)
def test_logins_and_sessions_are_shown_to_whose_they_are(demo: Demo, browser: BrowserContext, place: str) -> None:
    page = browser.pages[0]
    sign_in(demo, page, place)
    expect(page.get_by_role("heading", name=TITLES[place])).to_be_visible()
    assert page.get_by_role("row").count() >= 2

"""Chromium with its virtual authenticator against the pages of the demo: a passkey opens, a security key is second."""

import email.policy
import imaplib
import subprocess
from collections.abc import Iterator
from email import message_from_bytes
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.support.browser import opened
from tests.support.demo import Demo

pytestmark = pytest.mark.needs("chromium")
NAME = "alice@example.test"


@pytest.fixture(scope="module")
def demo() -> Iterator[Demo]:
    with Demo() as running:
        yield running


@pytest.fixture
def browser(demo: Demo, tmp_path: Path) -> Iterator[BrowserContext]:
    with opened(demo, tmp_path) as context:
        yield context


def authenticator(browser: BrowserContext, page: Page, *, is_verifying: bool) -> tuple[Any, str]:
    session = browser.new_cdp_session(page)
    session.send("WebAuthn.enable")
    made = session.send(
        "WebAuthn.addVirtualAuthenticator",
        {
            "options": {
                "protocol": "ctap2",
                "transport": "internal" if is_verifying else "usb",
                "hasResidentKey": is_verifying,
                "hasUserVerification": is_verifying,
                "isUserVerified": is_verifying,
                "automaticPresenceSimulation": True,
            }
        },
    )
    return session, made["authenticatorId"]


def sign_in(demo: Demo, page: Page) -> None:
    page.goto(f"https://localhost:{demo.port('web')}/sign-in?next=/security")
    page.fill("[name=address]", NAME)
    page.fill("[name=password]", demo.password("alice"))
    page.click("button")


def test_a_passkey_is_added_and_opens_alone_and_a_security_key_is_second(demo: Demo, browser: BrowserContext) -> None:
    page = browser.pages[0]
    session, passkey = authenticator(browser, page, is_verifying=True)
    sign_in(demo, page)
    page.click("text=Add a passkey or security key")
    page.fill("[name=name]", "laptop")
    page.click("button[value=passkey]")
    expect(page.get_by_text("laptop (webauthn)")).to_be_visible()
    (credential,) = session.send("WebAuthn.getCredentials", {"authenticatorId": passkey})["credentials"]
    assert (credential["isResidentCredential"], credential["rpId"]) == (True, "localhost")

    browser.clear_cookies()
    page.goto(f"https://localhost:{demo.port('web')}/sign-in/passkey?next=/security")
    page.click("button")
    expect(page.get_by_text("laptop (webauthn)")).to_be_visible()

    session.send("WebAuthn.removeVirtualAuthenticator", {"authenticatorId": passkey})
    _session, _key = authenticator(browser, page, is_verifying=False)
    page.click("text=Add a passkey or security key")
    page.fill("[name=name]", "blue key")
    page.click("button[value=key]")
    expect(page.get_by_text("blue key (webauthn)")).to_be_visible()

    browser.clear_cookies()
    sign_in(demo, page)  # the password is not enough any more
    page.click("text=With a passkey or security key")
    page.click("button")
    expect(page.get_by_text("blue key (webauthn)")).to_be_visible()


def test_the_password_alone_opens_no_mailbox_any_more_and_the_owner_is_told_by_mail(demo: Demo) -> None:
    """Follows on the first."""
    with demo.imaps() as client, pytest.raises(imaplib.IMAP4.error):
        client.login(NAME, demo.password("alice"))
    assert demo.run("account", "reset-factors", NAME, "--yes").returncode == 0
    assert demo.run("mfa", "drop", NAME).returncode == 0
    expected = ["added", "added", "removed"]
    demo.wait_for(lambda: sorted(subjects(demo)) == sorted(expected), 60)


def subjects(demo: Demo) -> list[str]:
    """Of the mails of the server, in short."""
    found = [message_from_bytes(raw, policy=email.policy.default)["Subject"] for raw in demo.messages("alice")]
    return ["removed" if "removed" in each else "added" for each in found if each.startswith("Your account: ")]


def test_codes_of_an_independent_program_open(demo: Demo, browser: BrowserContext) -> None:
    page = browser.pages[0]
    page.goto(f"https://localhost:{demo.port('web')}/sign-in?next=/security")
    page.fill("[name=address]", "bob@example.test")
    page.fill("[name=password]", demo.password("bob"))
    page.click("button")
    page.click("text=Add an app with one-time codes")
    expect(page.locator("svg")).to_be_visible()
    seed = page.locator("p", has_text="Scan this").inner_text().split("type ")[1].split(" ")[0]
    page.fill("[name=name]", "phone")
    page.fill("[name=code]", oathtool(seed))
    page.get_by_role("button", name="Add").click()
    expect(page.get_by_text("phone (totp)")).to_be_visible()


def oathtool(seed: str) -> str:
    command = ["oathtool", "--totp", "--base32", seed]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

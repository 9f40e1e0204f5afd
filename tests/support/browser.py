"""Chromium at the pages of a demo, whose certificate it takes for a good one: with a bad one there are no passkeys."""

import base64
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from playwright.sync_api import BrowserContext, sync_playwright

from tests.support.demo import Demo


@contextmanager
def opened(demo: Demo, folder: Path, *, locale: str = "en-GB") -> Iterator[BrowserContext]:
    """With one page, signed in nowhere."""
    with sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            str(folder / "profile"),
            executable_path="/usr/bin/chromium",
            args=["--no-sandbox", f"--ignore-certificate-errors-spki-list={_key_of(demo)}"],
            locale=locale,
        )
        context.set_default_timeout(60_000)
        yield context
        context.close()


def _key_of(demo: Demo) -> str:
    certificate = x509.load_pem_x509_certificate((demo.root / "keys" / "tls" / "server.pem").read_bytes())
    spki = certificate.public_key().public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    digest = hashes.Hash(hashes.SHA256())
    digest.update(spki)
    return base64.b64encode(digest.finalize()).decode()

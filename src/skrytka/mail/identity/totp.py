"""One-time codes of an app (RFC 6238 over RFC 4226): six digits, a new one every 30 seconds.

SHA-1, six digits and 30 seconds are what every app has. A code is taken one step early or late, for clocks drift, and
each step once: whoever reads a code over a shoulder comes too late (RFC 6238 5.2).
"""

import base64
import hmac
from typing import Final

from skrytka.model.address import Address
from skrytka.model.clock import Random
from skrytka.model.secret import Secret

STEP_S: Final = 30
DIGITS: Final = 6
DRIFT_STEPS: Final = 1
SEED_BYTES: Final = 20  # RFC 4226 4 R6: 160 bit are recommended


def new_seed(random: Random) -> Secret:
    """What app and server share from now on."""
    return Secret(random.token(SEED_BYTES))


def seed_text(seed: Secret) -> str:
    """As it is typed into an app: base32."""
    return base64.b32encode(seed.reveal()).decode("ascii")


def uri(seed: Secret, owner: Address, issuer: str) -> Secret:
    """What the QR code for an app holds; the seed stands in it."""
    from pyotp import TOTP

    return Secret(
        TOTP(seed_text(seed), digits=DIGITS, interval=STEP_S, name=str(owner), issuer=issuer).provisioning_uri()
    )


def step_of(seed: Secret, code: str, now_ms: int, last_step: int) -> int | None:
    """The step that the code belongs to; None for a wrong one and for one whose step was used or is older than that.

    All steps are compared whatever comes, so the time tells nothing.
    """
    from pyotp import HOTP

    plain = "".join(code.split())  # people copy "123 456"
    if len(plain) != DIGITS or not (plain.isascii() and plain.isdigit()):
        return None
    generator, now = HOTP(seed_text(seed), digits=DIGITS), now_ms // 1000 // STEP_S
    steps = range(now - DRIFT_STEPS, now + DRIFT_STEPS + 1)
    found = [step for step in steps if hmac.compare_digest(generator.at(step), plain)]
    return next((step for step in reversed(found) if step > last_step), None)

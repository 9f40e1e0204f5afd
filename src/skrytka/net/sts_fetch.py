"""Fetches the MTA-STS policy of a domain (RFC 8461 3.3): a valid certificate, 200, text/plain, no redirect, 64 KiB."""

import asyncio
from typing import Final

from skrytka.model.errors import PermanentError, RemoteProtocolError, TransientError
from skrytka.net.https import PORT, Https, UntrustedError, Url
from skrytka.protocol.tlspolicy.published import HOST_PREFIX, PATH
from skrytka.protocol.tlspolicy.sts import POLICY_MAX_BYTES, StsPolicy, parse_policy

FETCH_S: Final = 30.0  # RFC 8461 3.3 has a minute; a message waits for it
_ACCEPT: Final = (("Accept", "text/plain"),)

# RFC 8460 4.3.2.2
FETCH_ERROR: Final = "sts-policy-fetch-error"
INVALID: Final = "sts-policy-invalid"
UNTRUSTED: Final = "sts-webpki-invalid"


class PolicyError(Exception):
    """There is none; ``result`` as reports call it, ``is_unreachable`` where nobody has answered at all."""

    def __init__(self, result: str, detail: str, *, is_unreachable: bool = False) -> None:
        super().__init__(detail)
        self.result = result
        self.is_unreachable = is_unreachable


async def fetch_policy(https: Https, domain: str, port: int = PORT, *, seconds: float = FETCH_S) -> StsPolicy:
    """PolicyError."""
    url = Url(f"{HOST_PREFIX}{domain}", port, PATH)
    try:
        async with asyncio.timeout(seconds):
            answer = await https.ask(url, fields=_ACCEPT, seconds=seconds, body_max=POLICY_MAX_BYTES)
    except UntrustedError as exc:
        raise PolicyError(UNTRUSTED, exc.detail) from exc
    except (TransientError, PermanentError) as exc:
        raise PolicyError(FETCH_ERROR, exc.detail or exc.reason.value, is_unreachable=True) from exc
    except TimeoutError:
        said = f"{url.host} has not answered within {seconds:.0f} s"
        raise PolicyError(FETCH_ERROR, said, is_unreachable=True) from None
    if answer.status != 200:  # RFC 8461 3.3: a redirect too
        raise PolicyError(FETCH_ERROR, f"{url.host} answers {answer.status}")
    if answer.media_type != "text/plain":
        raise PolicyError(INVALID, f"{url.host}: not text/plain")
    try:
        return parse_policy(answer.body)
    except RemoteProtocolError as exc:
        raise PolicyError(INVALID, f"{url.host}: {exc}") from exc

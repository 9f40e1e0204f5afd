"""The public role's surroundings for tests: one hosted domain, one challenge."""

import ssl
from typing import Any

from skrytka.model.clock import FixedClock
from skrytka.model.settings import SecurityTxt
from skrytka.protocol.tlspolicy.published import PublishedPolicy
from skrytka.web.public.deps import PublicDeps

TOKEN = "evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr-oA"
KEY_AUTHORIZATION = TOKEN.encode() + b".nP1qzpXGymHBrUEepNY9HCsQk7K8KhOypzEt62jcerQ"
POLICY = PublishedPolicy(mode="testing", mx=("mail.example.test",), max_age_s=86_400)


class OneChallenge:
    def alpn(self, name: str) -> ssl.SSLContext | None:
        return None

    def http(self, token: str) -> bytes | None:
        return KEY_AUTHORIZATION if token == TOKEN else None


async def is_hosted(domain: str) -> bool:
    return domain in {"example.test", "xn--gdka.test"}


def make_deps(**changes: Any) -> PublicDeps:
    settings: dict[str, Any] = {
        "hostname": "mail.example.test",
        "is_hosted": is_hosted,
        "challenges": OneChallenge(),
        "policy": POLICY,
        "security_txt": SecurityTxt(contacts=("mailto:security@example.test",)),
        "is_redirecting": True,
        "clock": FixedClock(),
    }
    return PublicDeps(**(settings | changes))

"""Messages that are checked and signed as the server does it, and the examples of the RFCs."""

import base64
from collections.abc import Mapping
from functools import cache

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from skrytka.mail.delivery.incoming import rescan
from skrytka.model.address import Domain
from skrytka.model.dns import Answer, Status
from skrytka.model.secret import Secret
from skrytka.protocol.mailauth.dkim.body import BodyHash, BodyHasher
from skrytka.protocol.mailauth.dkim.header import Header
from skrytka.protocol.mailauth.dkim.results import SignatureResult
from skrytka.protocol.mailauth.dkim.sign import SIGNED_BODY, SigningKey, sign
from skrytka.protocol.mailauth.dkim.signature import Claim, body_specs, read_claim, read_claims
from skrytka.protocol.mailauth.dkim.tags import read_list
from skrytka.protocol.mailauth.dkim.verify import verify
from skrytka.protocol.mailauth.query import Query, run_with

NOW_S = 1_790_000_000
MESSAGE = (
    b"From: Joe SixPack <joe@football.example.com>\r\nTo: Suzie Q <suzie@shopping.example.net>\r\n"
    b"Subject: Is dinner ready?\r\nDate: Fri, 11 Jul 2003 21:00:37 -0700 (PDT)\r\n"
    b"Message-ID: <20030712040037.46341.5F8J@football.example.com>\r\n\r\n"
    b"Hi.\r\n\r\nWe lost the game.  Are you hungry yet?\r\n\r\nJoe.\r\n"
)
# RFC 6376 A.2, with the white space that it was signed with: folds of six spaces, one space in the body.
RFC_6376 = (
    b"DKIM-Signature: v=1; a=rsa-sha256; s=brisbane; d=example.com;\r\n"
    b"      c=simple/simple; q=dns/txt; i=joe@football.example.com;\r\n"
    b"      h=Received : From : To : Subject : Date : Message-ID;\r\n"
    b"      bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r\n"
    b"      b=AuUoFEfDxTDkHlLXSZEpZj79LICEps6eda7W3deTVFOk4yAUoqOB\r\n"
    b"      4nujc7YopdG5dWLSdNg6xNAZpOPr+kHxt1IrE+NahM6L/LbvaHut\r\n"
    b"      KVdkLLkpVaVVQPzeRDI009SO2Il5Lu7rDNH6mZckBdrIx0orEtZV\r\n"
    b"      4bmp/YzhwvcubU4=;\r\n"
    b"Received: from client1.football.example.com  [192.0.2.1]\r\n"
    b"      by submitserver.example.com with SUBMISSION;\r\n      Fri, 11 Jul 2003 21:01:54 -0700 (PDT)\r\n"
) + MESSAGE.replace(b"game.  Are", b"game. Are")
RFC_6376_KEYS = {
    "brisbane._domainkey.example.com": (
        "v=DKIM1; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDwIRP/UC3SBsEmGqZ9ZJW3/DkMoGeLnQg1fWn7/zYtIxN2SnFCjxOCKG9v3b4"
        "jYfcTNh5ijSsq631uBItLa7od+v/RtdC2UzJ1lWT947qR+Rcac2gbto/NMqJ0fzfVjH4OuKhitdY9tf6mcwGjaNBcWToIMmPSPDdQPNUYckcQ2Q"
        "IDAQAB"
    )
}
ED25519_SECRET = "nWGxne/9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A="  # RFC 8463 A.1
RFC_8463_KEYS = {  # RFC 8463 A.2
    "brisbane._domainkey.football.example.com": "v=DKIM1; k=ed25519; p=11qYAYKxCrfVS/7TyWQHOg7hcvPapiMlrwIaaPcHURo=",
    "test._domainkey.football.example.com": (
        "v=DKIM1; k=rsa; p=MIGfMA0GCSqGSIb3DQEBAQUAA4GNADCBiQKBgQDkHlOQoBTzWRiGs5V6NpP3idY6Wk08a5qhdR6wy5bdOKb2jLQiY/J1"
        "6JYi0Qvx/byYzCNb3W91y3FutACDfzwQ/BC/e/8uBsCR+yz1Lxj+PL6lHvqMKrM3rG4hstT5QjvHO9PzoxZyVYLzBfO2EeC3Ip3G+2kryOTIKT"
        "+l/K4w3QIDAQAB"
    ),
}
RFC_8463 = (  # A.3
    b"DKIM-Signature: v=1; a=ed25519-sha256; c=relaxed/relaxed;\r\n"
    b" d=football.example.com; i=@football.example.com;\r\n"
    b" q=dns/txt; s=brisbane; t=1528637909; h=from : to :\r\n subject : date : message-id : from : subject : date;\r\n"
    b" bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r\n"
    b" b=/gCrinpcQOoIfuHNQIbq4pgh9kyIK3AQUdt9OdqQehSwhEIug4D11Bus\r\n Fa3bT3FY5OsU7ZbnKELq+eXdp1Q1Dw==\r\n"
    b"DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/relaxed;\r\n d=football.example.com; i=@football.example.com;\r\n"
    b" q=dns/txt; s=test; t=1528637909; h=from : to : subject :\r\n date : message-id : from : subject : date;\r\n"
    b" bh=2jUSOH9NhtVGCQWNr9BrIAPreKQjO6Sn7XIkfJVOzv8=;\r\n"
    b" b=F45dVWDfMbQDGHJFlXUNB2HKfbCeLRyhDXgFpEL8GwpsRe0IeIixNTe3\r\n"
    b" DhCVlUrSjV4BwcVcOF6+FF3Zo9Rpo1tFOeS9mPYQTnGdaSGsgeefOsk2Jz\r\n"
    b" dA+L10TeYt9BgDfQNZtKdN1WO//KgIqXP7OdEFE4LjFYNcUxZQ4FADY+8=\r\n"
) + MESSAGE


def answers(records: Mapping[str, str | None]) -> dict[Query, Answer | None]:
    """One TXT record a name; None: nobody answers."""
    return {
        Query(name, "TXT"): None if text is None else Answer(Status.NOERROR, (text.encode(),))
        for name, text in records.items()
    }


def check(
    message: bytes,
    records: Mapping[Query, Answer | None],
    *,
    now_s: int = NOW_S,
    is_partial_body_accepted: bool = False,
) -> tuple[SignatureResult, ...]:
    """All signatures of a whole message."""
    scan = rescan(message)
    header = Header(scan.fields)
    claims = read_claims(header)
    hasher = BodyHasher(body_specs(claims))
    hasher.feed(message[len(scan.raw) :])
    found = verify(header, claims, hasher.finish(), now_s, is_partial_body_accepted=is_partial_body_accepted)
    return run_with(found, records)


def header_of(section: bytes) -> Header:
    return Header(rescan(section).fields)


def body_hash(body: bytes) -> BodyHash:
    hasher = BodyHasher({SIGNED_BODY})
    hasher.feed(body)
    return hasher.finish()[SIGNED_BODY]


def pem(private: object) -> Secret:
    return Secret(private.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))  # type: ignore[attr-defined]


@cache
def rsa_key() -> SigningKey:
    return SigningKey.load(pem(generate_private_key(65537, 2048)), Domain("example.org"), "r1")


@cache
def ed25519_key() -> SigningKey:
    private = Ed25519PrivateKey.from_private_bytes(base64.b64decode(ED25519_SECRET))
    return SigningKey.load(pem(private), Domain("example.org"), "e1")


@cache
def own_records() -> dict[Query, Answer | None]:
    return answers({key.record_name: key.record for key in (rsa_key(), ed25519_key())})


def signed(message: bytes = MESSAGE, key: SigningKey | None = None, **changes: int) -> bytes:
    """The message with our signature on top."""
    scan = rescan(message)
    field = sign(Header(scan.fields), body_hash(message[len(scan.raw) :]), key or ed25519_key(), NOW_S, **changes)
    return field + message


def handmade(tags: str, message: bytes = MESSAGE, key: SigningKey | None = None) -> bytes:
    """A signature as others might write it: ``tags`` in order, bh= filled in, b= of our key put last."""
    scan = rescan(message)
    claim = read_claim(b"DKIM-Signature: " + tags.encode())
    assert isinstance(claim, Claim)
    hasher = BodyHasher({claim.body})
    hasher.feed(message[len(scan.raw) :])
    body = hasher.finish().get(claim.body, BodyHash(bytes(32)))
    field = b"DKIM-Signature: %s; bh=%s; b=" % (tags.encode(), base64.b64encode(body.digest))
    names = [name.encode() for name in read_list(claim.tags["h"])]
    octets = Header(scan.fields).signed_octets(names, claim.method, field)
    return field + base64.b64encode((key or ed25519_key()).sign(octets)) + b"\r\n" + message

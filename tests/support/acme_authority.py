"""A little authority in the test itself: answers each request of a client, with ARI, and goes wrong on demand."""

import base64
import datetime as dt
import json
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from skrytka.model.clock import Clock
from skrytka.protocol.acme.steps import Call, Pause, Publish, Steps
from skrytka.protocol.http.client import Received

URL = "https://ca.test"
TOKEN = "evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr-oA"
DAY = dt.timedelta(days=1)


class LittleAuthority:
    """Fill in ``problems`` (path -> problem document, answered instead), or change what is public."""

    def __init__(self, clock: Clock, days: int = 90) -> None:
        self.clock = clock
        self.days = days
        self.asked: list[str] = []
        self.payloads: dict[str, Any] = {}
        self.problems: dict[str, tuple[int, dict[str, Any], dict[str, str]]] = {}
        self.bad_nonces = 0
        self.kinds = ["http-01", "tls-alpn-01", "dns-01"]
        self.statuses = ["pending", "valid"]  # of an authorization: before and after its challenge
        self.window: tuple[str, str] | None = None
        self.instead = ""  # the name that its authorizations are for
        self.published: list[Publish] = []
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._names: list[str] = []
        self._chain = b""
        self._proven = 0
        self._orders = 0

    def take(self, steps: Steps[Any], *, most: int = 200) -> Any:
        """All steps, taken at once; the result."""
        answer: Received | None = None
        try:
            for _ in range(most):
                step = steps.send(answer)
                answer = self.answer(step) if isinstance(step, Call) else None
                if isinstance(step, Publish):
                    self.published.append(step)
                assert not isinstance(step, Pause) or step.seconds > 0
        except StopIteration as done:
            return done.value
        raise AssertionError("no end")

    def answer(self, call: Call) -> Received:
        """As it would come over the wire."""
        path = call.url.removeprefix(URL)
        self.asked.append(path)
        if call.body is not None:
            jws = json.loads(call.body)
            payload = jws["payload"]
            self.payloads[path] = json.loads(base64.urlsafe_b64decode(payload + "==")) if payload else None
        if path in self.problems:
            status, document, fields = self.problems[path]
            return _received(status, document, **fields)
        if call.body is not None and self.bad_nonces:
            self.bad_nonces -= 1
            return _received(400, {"type": "urn:ietf:params:acme:error:badNonce"})
        said = getattr(self, "_" + path.strip("/").partition("/")[0])(path)
        assert isinstance(said, Received)
        return said

    def _directory(self, _path: str) -> Received:
        offered = {"newNonce": f"{URL}/nonce", "newAccount": f"{URL}/account", "newOrder": f"{URL}/order"}
        return _received(200, offered | ({"renewalInfo": f"{URL}/info"} if self.window else {}))

    def _nonce(self, _path: str) -> Received:
        return _received(200, {})

    def _account(self, _path: str) -> Received:
        return _received(201, {"status": "valid"}, location=f"{URL}/account/1")

    def _order(self, path: str) -> Received:
        if path == "/order":
            self._names = [one["value"] for one in self.payloads[path]["identifiers"]]
            self._chain, self._proven = b"", 0
            self._orders += 1
        is_ready = self._proven == len(self._names)
        document = {
            "status": "valid" if self._chain else "ready" if is_ready else "pending",
            "finalize": f"{URL}/finalize",
            "authorizations": [f"{URL}/authz/{number}" for number in range(len(self._names))],
            "certificate": f"{URL}/pem" if self._chain else "",
        }
        return _received(201 if path == "/order" else 200, document, location=f"{URL}/order/1")

    def _authz(self, path: str) -> Received:
        number = int(path.rpartition("/")[2])
        challenges = [{"type": kind, "url": f"{URL}/prove/{number}", "token": TOKEN} for kind in self.kinds]
        status = self.statuses[number < self._proven]
        if status == "invalid":
            challenges[0] |= {"error": {"type": "urn:x:unauthorized", "detail": "wrong\r\nkey"}}  # type: ignore[dict-item]
        return _received(
            200,
            {
                "status": status,
                "identifier": {"value": self.instead or self._names[number].removeprefix("*.")},
                "challenges": challenges,
            },
        )

    def _prove(self, path: str) -> Received:
        self._proven += 1
        return _received(200, {"type": "x", "url": path})

    def _finalize(self, _path: str) -> Received:
        der = base64.urlsafe_b64decode(self.payloads["/finalize"]["csr"] + "==")
        self._chain = self.issue(x509.load_der_x509_csr(der))
        return self._order("/order/1")

    def _pem(self, _path: str) -> Received:
        return Received(200, {"replay-nonce": ("abc123",)}, self._chain)

    def _info(self, _path: str) -> Received:
        assert self.window is not None
        return _received(200, {"suggestedWindow": {"start": self.window[0], "end": self.window[1]}})

    def issue(self, csr: x509.CertificateSigningRequest) -> bytes:
        """PEM of the leaf and of the authority."""
        now = dt.datetime.fromtimestamp(self.clock.now_ms() / 1000, dt.UTC)
        issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "little authority")])
        names = csr.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        leaf = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([]))
            .issuer_name(issuer)
            .public_key(csr.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - DAY / 24)
            .not_valid_after(now + self.days * DAY)
            .add_extension(names, critical=True)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False)
            .sign(self._key, SHA256())
        )
        return leaf.public_bytes(Encoding.PEM)


def _received(status: int, document: dict[str, Any], **fields: str) -> Received:
    given = {name.replace("_", "-"): (value,) for name, value in fields.items()}
    return Received(status, {"replay-nonce": ("abc123",), **given}, json.dumps(document).encode())

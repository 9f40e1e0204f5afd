"""The client's half of SCRAM-SHA-256, written from RFC 5802 by itself: nothing of the server's is used."""

import base64
import hashlib
import hmac


class ScramClient:
    """One exchange."""

    def __init__(self, name: str, password: str, nonce: bytes, *, flag: str = "n", binding: bytes = b"") -> None:
        self._header = f"{flag},,".encode()
        self._binding = binding
        self._password = password.encode()
        self._nonce = base64.b64encode(nonce).decode()
        escaped = name.replace("=", "=3D").replace(",", "=2C")
        self._bare = f"n={escaped},r={self._nonce}"
        self._server_signature = b""

    def first(self) -> bytes:
        return self._header + self._bare.encode()

    def final(self, server_first: bytes) -> bytes:
        fields = dict(part.split("=", 1) for part in server_first.decode().split(","))
        assert fields["r"].startswith(self._nonce)
        assert len(fields["r"]) > len(self._nonce)
        salted = hashlib.pbkdf2_hmac("sha256", self._password, base64.b64decode(fields["s"]), int(fields["i"]))
        client_key = hmac.digest(salted, b"Client Key", "sha256")
        without = f"c={base64.b64encode(self._header + self._binding).decode()},r={fields['r']}"
        signed = f"{self._bare},{server_first.decode()},{without}".encode()
        signature = hmac.digest(hashlib.sha256(client_key).digest(), signed, "sha256")
        proof = bytes(one ^ other for one, other in zip(client_key, signature, strict=True))
        self._server_signature = hmac.digest(hmac.digest(salted, b"Server Key", "sha256"), signed, "sha256")
        return f"{without},p={base64.b64encode(proof).decode()}".encode()

    def is_server(self, signature: bytes) -> bool:
        return hmac.compare_digest(signature, self._server_signature)

    def accepts(self, server_final: bytes) -> bool:
        return server_final.startswith(b"v=") and self.is_server(base64.b64decode(server_final[2:]))

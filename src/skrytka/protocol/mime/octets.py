"""What octets may travel where."""


def is_seven_bit(data: bytes) -> bool:
    """US-ASCII without NUL, CR and LF only as <CRLF>: what every server takes (RFC 5321 2.3.8, RFC 5322 2.2)."""
    pairs = data.count(b"\r\n")
    return data.isascii() and b"\0" not in data and data.count(b"\r") == pairs and data.count(b"\n") == pairs

"""IMAP, server side, without I/O: bytes to frozen commands, answers to bytes (RFC 9051, RFC 3501)."""

"""DKIM (RFC 6376, 8301, 8463, 8616): what a domain's signature says of a message, and signatures of our own.

On the way in: :class:`~skrytka.protocol.mailauth.dkim.header.Header`, ``read_claims``, a ``BodyHasher`` for
``body_specs`` of them, then the check ``verify``. On the way out: a ``BodyHasher`` for ``SIGNED_BODY``, then ``sign``.
"""

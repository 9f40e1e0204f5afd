"""Certificates from an authority without hands (ACME: RFC 8555, RFC 8737, RFC 9773): who is asked what, and when.

Nothing here has a socket or a clock: a client is a generator of steps, which ``skrytka.net.acme`` takes.
"""

"""Sender authentication: SPF, DKIM, DMARC, ARC and the field that tells what they found."""

"""DMARC (RFC 9989): what the owner of the domain in From asks for mail that does not prove to be his."""

"""Reports about mail that machines and people read (RFC 6522): delivery status notifications."""

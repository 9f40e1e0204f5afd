"""What a domain asks of the transport of mail to it: DANE (RFC 7672) and MTA-STS (RFC 8461). Pure: no clock, no DNS."""

"""SASL mechanisms (RFC 4422), server side: messages in, who claims to be whom out; nothing is verified here."""

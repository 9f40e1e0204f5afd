"""What of TLS is read before OpenSSL has it."""

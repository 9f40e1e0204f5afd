"""IMAP sessions (RFC 9051, RFC 3501): what the commands mean, on top of the engine and the mailbox views."""

"""Layer 5: one session for each service (mx, imap, ...). Never imports the store; mail does."""

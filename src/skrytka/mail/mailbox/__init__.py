"""What IMAP shows of an account: mailboxes, views, rows, content."""

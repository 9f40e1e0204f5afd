"""From a recipient's address to mailboxes: resolve, receive, deliver in one commit."""

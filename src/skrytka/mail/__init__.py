"""Layer 3: what happens to mail, from policy over delivery to mailbox and identity."""

"""The queue of this node: mail that was accepted and is not in its mailbox yet."""

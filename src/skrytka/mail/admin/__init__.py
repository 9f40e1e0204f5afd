"""What an administrator changes: domains, accounts, passwords, aliases; each change is an event with its actor."""

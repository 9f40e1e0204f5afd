"""What a hosted domain publishes in DNS: what is wanted, and what what is there means."""

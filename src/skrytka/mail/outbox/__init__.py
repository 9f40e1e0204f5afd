"""What leaves this server, made ready for the queue: submissions, DSNs, later forwards."""

"""What is done with a message: the one decision."""

"""Layer 7: the command line. It parses and prints, and decides nothing."""

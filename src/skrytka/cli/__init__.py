"""Layer 7: the command line. Parses, prints, decides nothing."""

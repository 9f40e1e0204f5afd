"""Layer 0: the vocabulary that every layer shares. It imports nothing of Skrytka."""

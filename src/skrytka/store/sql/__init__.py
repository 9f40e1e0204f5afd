"""All SQL of the store: statements as constants, one generator function per question."""

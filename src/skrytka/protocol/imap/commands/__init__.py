"""One frozen struct for each command and the parser that makes it; one file per family."""

"""What is served over HTTP: so far the public role alone."""

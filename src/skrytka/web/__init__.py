"""What is served over HTTP: the public role, the API of administrators, the pages for everybody with an account."""

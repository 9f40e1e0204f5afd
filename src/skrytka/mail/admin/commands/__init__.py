"""The one table of commands: the control socket, the CLI and the REST API all stand on it."""

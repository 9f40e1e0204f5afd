"""The administrators' application: the REST API ``/api/v1`` over the table of commands."""

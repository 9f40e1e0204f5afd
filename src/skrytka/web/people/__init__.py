"""The application for everybody who has an account here; each kind of page is a module with ``pages(deps)``."""

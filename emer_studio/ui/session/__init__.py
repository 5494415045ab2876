"""The session page: start a session, watch it, see how it ended."""

"""Accepting a rig: is the lab's own hardware, on its own computer, up to a session."""

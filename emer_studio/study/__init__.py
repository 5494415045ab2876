"""The study folder: participants, the catalogue of sessions, frozen copies."""

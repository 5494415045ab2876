"""The study page: participants, sessions, verdicts, what to do next."""

"""Samples cut from sessions, the training cache and the synthetic EMER set."""

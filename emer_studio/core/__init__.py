"""Errors, clock, child processes, files and model files: no work at import."""

"""A run: begun, kept, gone on with, several in a row."""

"""EMER Studio: one desktop application from the first participant to the results."""

__version__ = "0.1.0"

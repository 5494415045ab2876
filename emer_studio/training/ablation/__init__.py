"""EMERT with something left out."""

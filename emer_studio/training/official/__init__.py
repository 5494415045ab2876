"""The network of the public code of 2024, as it was."""

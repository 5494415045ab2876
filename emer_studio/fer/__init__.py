"""Facial-expression models and the pre-label job. Torch-free."""

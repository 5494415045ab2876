"""The models: one file each, found by `models.registry`."""

"""What a model makes of worse clips."""

"""Training one model on one fold."""

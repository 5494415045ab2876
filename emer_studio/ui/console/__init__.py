"""The operator's console on a second PC."""

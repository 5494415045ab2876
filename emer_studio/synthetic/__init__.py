"""Generators with a known truth: a face, a gaze signal. Used by simulated devices."""

"""Cameras, trackers and audio, real and simulated side by side."""

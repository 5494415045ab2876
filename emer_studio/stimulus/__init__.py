"""The clip library, the demo-clip generator and the clip engine."""

"""The page Study › Explore: one trial on one time line."""

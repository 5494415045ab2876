"""Eye behaviour and face crops from a recording."""

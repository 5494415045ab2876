"""EMERT, its data, loop and metrics. The only user of torch."""

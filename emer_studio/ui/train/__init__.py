"""The train page: datasets, a run with live curves, results."""

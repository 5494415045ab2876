"""From a dataset to what a network is fed with."""

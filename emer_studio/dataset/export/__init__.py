"""A study in the forms that others use: BIDS, EMER's layout, plain tables."""

"""Label events and their fold. Human labels only; predictions are another type."""

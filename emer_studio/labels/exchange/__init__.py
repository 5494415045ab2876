"""Labels out to other programs' formats and in from them."""

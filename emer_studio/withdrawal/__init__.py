"""A participant's withdrawal: the one act that erases."""

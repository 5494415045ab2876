"""The label page: experts look at faces and say what they see."""

"""The next pre-labeller, trained on blind labels."""

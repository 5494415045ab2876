"""A trained model on a running camera and tracker."""

"""The participant's window: pages, clip presentation and the process around them."""

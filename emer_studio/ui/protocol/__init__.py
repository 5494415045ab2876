"""The protocol page: write a protocol, see at once what it does, try it."""

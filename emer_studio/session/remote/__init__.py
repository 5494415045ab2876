"""The link over which a console on a second PC follows a session and asks things of it."""

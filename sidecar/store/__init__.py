"""Where policy lives, and how a change of it reaches the proxy."""

"""Who asks: user tokens, and the address from which a request really comes. Pure functions."""

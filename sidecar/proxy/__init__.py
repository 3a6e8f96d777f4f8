"""Bytes: the server, the connections to the backend, and what runs between them."""

"""A small stand-in backend with believable data, and a guided tour of what the sidecar does in front of it."""

"""The administration API: the catalogue of operations over HTTP, under `/api/v1`, for whoever has a key."""

"""The way to a database, SQLite or PostgreSQL, for whoever keeps tables there."""

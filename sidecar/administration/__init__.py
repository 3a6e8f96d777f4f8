"""What can be done to a policy in a database: one catalogue of operations, from which the command line and the HTTP API are made."""

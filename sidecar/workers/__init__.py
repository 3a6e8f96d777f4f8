"""Several processes on one address: a supervisor that starts, replaces and adds up workers, and the worker's side of it."""

"""What is kept of each request: a line in the decision log, and counts for the metrics."""

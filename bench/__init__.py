"""What the sidecar costs, measured against what people would use instead: `make bench`."""

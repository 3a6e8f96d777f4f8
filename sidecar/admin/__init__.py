"""The admin port: health and metrics, apart from the traffic."""

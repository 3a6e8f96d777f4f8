"""An authorization sidecar for ERP connectors: each user gets only the rows that he may see."""

__version__ = "0.1.0"

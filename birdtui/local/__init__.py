"""The embedded engine: AWS on loopback, with real training."""

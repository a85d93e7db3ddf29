"""The training program that the embedded engine runs as a job's container."""

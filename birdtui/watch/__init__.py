"""A training job as it runs: status, log lines and metrics until the end."""

"""A training job as its author writes it: pure, no AWS call, no screen."""

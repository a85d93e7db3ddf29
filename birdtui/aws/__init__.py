"""The only rooms that call AWS."""

"""What ``reloader init`` writes, and how it recognises a project."""

"""The agent, which runs inside the user's Python (``inside/``), and the parent's end of the link to it."""

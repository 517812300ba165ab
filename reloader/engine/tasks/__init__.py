"""Tasks that run beside the program: the gate, readiness probes, hooks, and the runner of their commands."""

"""What other processes ask of a session, and the answers."""

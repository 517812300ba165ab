"""What happens to the files of a session: the baseline, the batches of changes, the rescan, the backends."""

"""Finding changes of files: backends, baseline, batches, rescan, restart loops."""

"""What several tests need, and no test by itself."""

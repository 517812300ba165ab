"""Performs what the supervisor decides: the inbox, the loop, the baseline, and the place where the parts meet."""

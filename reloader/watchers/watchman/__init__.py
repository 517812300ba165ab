"""The Watchman backend. Needs the extra ``pywatchman``."""

"""Which paths are watched: patterns, ignore files, the watch set, and the order of a walk."""

"""Runs a command, or the Python program that calls this library, and restarts it when files that it depends on change."""

__version__ = "0.1.0"

__all__ = ["ReloaderError", "is_running_from_reloader", "restart", "run_with_reloader", "watch_also"]

TYPE_CHECKING = False  # the import of typing would cost more than the rest of this; type checkers know the name
if TYPE_CHECKING:
    from reloader.api import is_running_from_reloader, restart, run_with_reloader, watch_also
    from reloader.errors import ReloaderError
else:

    def __getattr__(name: str) -> object:
        """Import the library when one of its names is used."""
        if name not in __all__:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from reloader import api

        return getattr(api, name)

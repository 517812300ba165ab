"""Starts the frozen program. PyInstaller needs a script; everything else is in the package."""

from reloader.frozen import main

if __name__ == "__main__":
    raise SystemExit(main())

"""Where the frozen program begins. PyInstaller wants a script; all else is in the package."""

from reloader.frozen import main

if __name__ == "__main__":
    raise SystemExit(main())

"""``python -m reloader``."""

from reloader.cli.main import main

raise SystemExit(main())

"""``python -m reloader``."""

from reloader.cli.entry import main

raise SystemExit(main())

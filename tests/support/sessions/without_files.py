"""The program as it is when its files are gone: every import that comes once the session has begun is refused, and told."""

from __future__ import annotations

import sys

from reloader.app import wiring
from reloader.cli.main import main
from reloader.core.states import Idle
from reloader.engine.loop import Engine


class Refusing:
    """Comes before all that could find a module."""

    def find_spec(self, name: str, path: object = None, target: object = None) -> None:
        sys.stderr.write(f"refused: {name}\n")
        raise ImportError(f"{name} is gone")


class Forbidding(Engine):
    def run(self) -> int | Idle:
        sys.meta_path.insert(0, Refusing())
        return super().run()


if __name__ == "__main__":
    setattr(sys, "frozen", True)  # noqa: B010 - type checkers know no such name
    vars(wiring)["Engine"] = Forbidding
    raise SystemExit(main())

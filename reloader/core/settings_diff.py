"""The difference between two configurations: does it need a restart, or does it take effect while a run lives?

A field takes effect at once only if its declaration says so: ``field(..., metadata=LIVE)``. Any other difference needs a restart.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass

#: Metadata of a field whose new value takes effect at once.
LIVE: Mapping[str, bool] = {"live": True}


def needs_restart(before: object, after: object) -> bool:
    """Return True if two settings differ in a field that is not marked as LIVE. Nested dataclasses are compared likewise."""
    if not is_dataclass(before) or isinstance(before, type) or type(before) is not type(after):
        return before != after
    fixed = (field.name for field in fields(before) if field.compare and not field.metadata.get("live", False))
    return any(needs_restart(getattr(before, name), getattr(after, name)) for name in fixed)

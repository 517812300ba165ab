"""Values as TOML. What is written here is read back as the same; knows nothing of keys."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

_BARE = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)


def in_toml(value: object) -> str:
    """``value`` as it would stand behind ``key =``, on one line. A byte of a name that is no text becomes a question mark."""
    match value:
        case str():
            # TOML's escapes are JSON's, but for this one, which JSON need not escape.
            return json.dumps(value.encode("utf-8", "replace").decode(), ensure_ascii=False).replace("\x7f", "\\u007f")
        case bool():
            return "true" if value else "false"
        case Mapping():
            pairs = ", ".join(f"{_key(str(name))} = {in_toml(one)}" for name, one in value.items())
            return f"{{ {pairs} }}" if pairs else "{}"
        case list() | tuple():
            return f"[{', '.join(in_toml(one) for one in value)}]"
        case _:
            return repr(value)


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else in_toml(name)

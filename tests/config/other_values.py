"""For each key another value than its default."""

from __future__ import annotations

from reloader.config.options import KEYS
from tests.config.projects import Project

#: In TOML. Keys without an entry get the other boolean, or else the example of the table of keys.
_VALUES = {
    "backend": '"stat"', "before": '[["make"]]', "bell": "true", "check": '"off"', "clear": "true", "command": '"y"',
    "compare": '"stat"', "compatible": '["django"]', "cwd": '"sub"', "debounce": "0.06", "debounce_max": "3.0",
    "hooks": '{ stop = ["x"] }', "interval": "2.0", "log_file": '"/elsewhere/reloader.log"', "on_exit": '"wait"',
    "restart_code": "4", "sockets": '["127.0.0.1:8000"]', "stop_signal": '"SIGINT"', "stop_timeout": "6.0",
    "task_timeout": "61.0", "watch": '["*.py"]', "ignore": '["build/"]',
}  # fmt: skip


def other_value(name: str) -> str:
    key = KEYS[name]
    if name not in _VALUES and isinstance(key.default, bool):
        return "false" if key.default else "true"
    return _VALUES.get(name, key.example)


def write_without(project: Project) -> None:
    """Write a configuration in which every key has its default."""
    (project.directory / "sub").mkdir(exist_ok=True)
    project.write('command = "x"\n')


def write_with_other_value(project: Project, name: str) -> None:
    """Write a configuration in which the key ``name`` alone has not its default."""
    key = KEYS[name]
    head = "" if name == "command" else 'command = "x"\n'
    table = f"[{key.table}]\n" if key.table else ""
    project.write(f"{head}{table}{key.toml_name} = {other_value(name)}\n")

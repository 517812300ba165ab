"""The table of keys. Flags, variables, the model's defaults, the help and the schema are made from it.

Imports nothing that costs: ``--help`` is printed from this table.
"""

from __future__ import annotations

from enum import Enum

from reloader.core.choices import BackendName, CompareBy, Framework, OnExit

VARIABLE_PREFIX = "RELOADER_"

CONFIG_VARIABLE = "RELOADER_CONFIG"
"""The variable that names the config file, as ``--config`` does."""

RESERVED_VARIABLES = frozenset(
    {
        "RELOADER_RUN",
        "RELOADER_RUN_MAIN",
        "RELOADER_REASON",
        "RELOADER_CHANGES_FILE",
        "RELOADER_SOCKETS",
        CONFIG_VARIABLE,
    }
)
RESERVED_PREFIX = "RELOADER_AGENT"
"""Variables with this prefix, and the reserved ones, are set for the child. A reloader within a reloader ignores them."""

PLATFORM_TABLES = {"linux": "linux", "macos": "darwin", "windows": "win32"}
"""The tables of the file that apply on one platform only, with its ``sys.platform``."""


class Kind(Enum):
    """The forms of a value. The text of each says what an error expected."""

    TEXT = "text"
    CHOICE = "one of its choices"
    LIST = "a list of texts"
    SECONDS = "seconds, or text with a unit"
    BOOLEAN = "true or false"
    TABLE = "a table of texts (in a flag, NAME=VALUE)"
    COMMAND = "a list of texts, or one text"
    SHELL = "true, false, or the shell's name"
    TASKS = "a list of commands"
    CODE = "a number from 0 to 255, or false"


class Group(Enum):
    """The headings of the help, in order."""

    RUN = "Command"
    WATCH = "Files to watch"
    DETECTION = "Change detection"
    END = "Stop and exit"
    OUTPUT = "Output"
    TASKS = "Checks, hooks and starts"
    PYTHON = "Python programs"


class Key:
    """One key of the configuration.

    ``about`` explains it in a sentence; ``brief`` does so in the short help, if the key is listed there. ``example`` is
    TOML, for errors. A ``default`` of None means that the key is not set. ``table`` is the table of the file that holds
    the key as ``toml_name``. ``flag_name`` is its name as a flag and as a variable.
    """

    __slots__ = (
        "about", "brief", "choices", "default", "example", "flag_name", "group", "kind", "metavar", "name", "short", "table",
        "toml_name",
    )  # fmt: skip

    def __init__(
        self,
        name: str,
        kind: Kind,
        group: Group,
        default: object,
        about: str,
        *,
        example: str,
        metavar: str = "",
        choices: type[Enum] | None = None,
        short: str | None = None,
        brief: str = "",
        table: str = "",
        flag_name: str = "",
    ) -> None:
        self.name = f"{table}_{name}" if table else name
        self.toml_name = name
        self.table = table
        self.flag_name = flag_name or self.name
        self.kind = kind
        self.group = group
        self.default = default
        self.about = about
        self.example = example
        self.choices = tuple(str(one.value) for one in choices or ())
        self.metavar = metavar or "|".join(self.choices)
        self.short = short
        self.brief = brief

    @property
    def flag(self) -> str:
        return "--" + self.flag_name.replace("_", "-")

    @property
    def variable(self) -> str:
        return VARIABLE_PREFIX + self.flag_name.upper()


_RUN = (
    Key(
        "command", Kind.COMMAND, Group.RUN, None, metavar="TEXT", example='["python", "app.py"]',
        about="The command: a list is run as it is; a text is split into words as a shell would, without a shell.",
    ),
    Key(
        "shell", Kind.SHELL, Group.RUN, False, metavar="SHELL", example='"bash"',
        about="Run the command in a shell: true for the system's own, a name, or a list such as [\"bash\", \"-c\"].",
    ),
    Key(
        "cwd", Kind.TEXT, Group.RUN, None, metavar="DIRECTORY", example='"backend"',
        about="The directory to run the command in; by default that of the config file.",
    ),
    Key(
        "env", Kind.TABLE, Group.RUN, {}, metavar="NAME=VALUE", example='{ PORT = "8000" }',
        about="Environment variables for the command, added to yours.",
    ),
    Key(
        "env_files", Kind.LIST, Group.RUN, (), metavar="FILE", example='[".env"]',
        about="Files of NAME=VALUE lines, read at each launch and watched; variables that are already set win.",
    ),
    Key(
        "compatible", Kind.LIST, Group.RUN, (), choices=Framework, example='["werkzeug"]',
        about="Frameworks whose own reloader is on: the command takes reloader for its parent, and starts none itself.",
    ),
    Key(
        "sockets", Kind.LIST, Group.RUN, (), metavar="ADDRESS", flag_name="socket",  # RELOADER_SOCKETS is set for the command
        example='["127.0.0.1:8000", "unix:run/app.sock"]',
        about="Addresses to listen on for the command, which gets the sockets, so that clients wait while it restarts.",
    ),
)  # fmt: skip

_WATCH = (
    Key(
        "watch", Kind.LIST, Group.WATCH, None, metavar="PATTERN", short="-w",
        brief="What to watch; else Python imports, or all.", example='["src/**/*.py", "templates/"]',
        about="Gitignore patterns to watch; by default a Python program's imports; "
        "for any other command, all that is not ignored.",
    ),
    Key(
        "ignore", Kind.LIST, Group.WATCH, (), metavar="PATTERN", short="-i", brief="What to ignore.",
        example='["*.log", "build/"]',
        about="Gitignore patterns to ignore; '!' at the start includes a path again.",
    ),
    Key(
        "extra_files", Kind.LIST, Group.WATCH, (), metavar="FILE", example='[".env"]',
        brief="Files to watch wherever they lie.",
        about="Files that are always watched; they may lie outside of the project, and need not exist yet.",
    ),
    Key(
        "gitignore", Kind.BOOLEAN, Group.WATCH, True, example="true",
        about="Ignore what .gitignore files and .git/info/exclude name.",
    ),
    Key(
        "default_ignores", Kind.BOOLEAN, Group.WATCH, True, example="true",
        about="Ignore what is never source: .git, __pycache__, node_modules, virtual environments, editors' files.",
    ),
    Key(
        "follow_symlinks", Kind.BOOLEAN, Group.WATCH, True, example="true",
        about="Follow symbolic links to directories.",
    ),
    Key(
        "allow_dangerous_root", Kind.BOOLEAN, Group.WATCH, False, example="false",
        about="Allow watching a whole disk or the home directory.",
    ),
)  # fmt: skip

_DETECTION = (
    Key(
        "interval", Kind.SECONDS, Group.DETECTION, 1.0, metavar="SECONDS", example="1.0",
        brief="Seconds between two scans.", about="Seconds between two scans of the stat backend.",
    ),
    Key(
        "backend", Kind.CHOICE, Group.DETECTION, "auto", choices=BackendName,
        brief="How to detect changes.", example='"auto"',
        about="How to detect changes: scans (stat), events (watchdog) or Watchman; auto uses events where they work, else scans.",
    ),
    Key(
        "debounce", Kind.SECONDS, Group.DETECTION, 0.05, metavar="SECONDS", example="0.05",
        about="Seconds without a change after which a batch of changes ends.",
    ),
    Key(
        "debounce_max", Kind.SECONDS, Group.DETECTION, 2.0, metavar="SECONDS", example="2.0",
        about="Seconds after which a batch ends even if changes go on.",
    ),
    Key(
        "compare", Kind.CHOICE, Group.DETECTION, "content", choices=CompareBy, example='"content"',
        about="What makes a change: different content, or a different stat (size, times).",
    ),
)  # fmt: skip

_END = (
    Key(
        "on_exit", Kind.CHOICE, Group.END, "auto", choices=OnExit, example='"auto"',
        about="When the command exits by itself: exit with its code, wait for a change, or restart; auto decides by the exit.",
    ),
    Key(
        "restart_code", Kind.CODE, Group.END, 3, metavar="CODE|false", example="3",
        about="The exit code by which the command asks for a restart; false for none.",
    ),
    Key(
        "stop_signal", Kind.TEXT, Group.END, "SIGTERM", metavar="SIGNAL", example='"SIGTERM"',
        about="The signal that asks the command to exit; on Windows SIGINT, SIGTERM and SIGBREAK all send CTRL_BREAK.",
    ),
    Key(
        "stop_timeout", Kind.SECONDS, Group.END, 5.0, metavar="SECONDS", example="5.0",
        about="Seconds from the stop signal until the remaining processes are killed; 0 kills at once.",
    ),
    Key(
        "keys", Kind.BOOLEAN, Group.END, False, example="true",
        about="Read keys, each with Enter: r restarts, s shows status, p pauses, q quits, ? lists all; the command gets none.",
    ),
)  # fmt: skip

_OUTPUT = (
    Key(
        "clear", Kind.BOOLEAN, Group.OUTPUT, False, example="true",
        about="Clear the terminal before each restart, but keep the reason for it.",
    ),
    Key(
        "bell", Kind.BOOLEAN, Group.OUTPUT, False, example="true",
        about="Ring the terminal's bell when a run exits by itself, or something else fails.",
    ),
    Key(
        "notify", Kind.BOOLEAN, Group.OUTPUT, False, example="true",
        about="As bell, with a desktop notification if the terminal is in the background; one that cannot rings its bell.",
    ),
    Key(
        "timestamps", Kind.BOOLEAN, Group.OUTPUT, False, example="true",
        about="Put the time before each line, and into each object of --json.",
    ),
    Key(
        "log_file", Kind.TEXT, Group.OUTPUT, None, metavar="FILE", example='"reloader.log"',
        about="Append all messages, with the time, to this file; beyond 1 MiB the older ones move to FILE.1.",
    ),
)  # fmt: skip

_TASKS = (
    Key(
        "check", Kind.COMMAND, Group.TASKS, "syntax", metavar="syntax|off|COMMAND",
        example='["ruff", "check", "{files}"]',
        about="What changes must pass before the run is stopped: Python's syntax, or a command; {files} are the changed files.",
    ),
    Key(
        "before", Kind.TASKS, Group.TASKS, (), metavar="COMMAND", example='[["npm", "run", "css"]]',
        about="Commands before each start; { run = [...], files = [...] } is run only when such files changed.",
    ),
    Key(
        "task_timeout", Kind.SECONDS, Group.TASKS, 60.0, metavar="SECONDS", example="60.0",
        about="Seconds after which a command of check or before has failed.",
    ),
    Key(
        "ready", Kind.TABLE, Group.TASKS, {}, metavar="PROBE=VALUE", example='{ http = "http://127.0.0.1:8000/" }',
        about="When a run is ready: http answers, tcp accepts, log matches a line, exec exits with 0; without any, after 1 s.",
    ),
    Key(
        "hooks", Kind.TABLE, Group.TASKS, {}, metavar="NAME=COMMAND", example='{ ready = ["notify-send", "ready"] }',
        about="Commands to run on start, ready, change, crash and stop; reloader does not wait for them.",
    ),
    Key(
        "once", Kind.BOOLEAN, Group.TASKS, False, example="false",
        about="Run the command a single time, whatever changes, and exit with its code.",
    ),
    Key(
        "postpone", Kind.BOOLEAN, Group.TASKS, False, example="false",
        about="Wait for the first change before the first start.",
    ),
)  # fmt: skip

_PYTHON = (
    Key(
        "modules", Kind.BOOLEAN, Group.PYTHON, True, table="python", example="true",
        about="Ask every Python program which files it imports, and watch them; without watch, watch nothing else.",
    ),
    Key(
        "open_files", Kind.BOOLEAN, Group.PYTHON, False, table="python", example="true",
        about="Also watch the files of the project that the program opens to read, and did not write itself.",
    ),
    Key(
        "site_packages", Kind.BOOLEAN, Group.PYTHON, False, table="python", example="true",
        about="Also watch what it imports from site-packages.",
    ),
)  # fmt: skip

KEYS = {key.name: key for key in (*_RUN, *_WATCH, *_DETECTION, *_END, *_OUTPUT, *_TASKS, *_PYTHON)}

_BY_VARIABLE = {key.variable: key for key in KEYS.values()}

TABLES = tuple(dict.fromkeys(key.table for key in KEYS.values() if key.table))
"""The tables of the file that hold keys of their own."""


def key_of_variable(variable: str) -> Key | None:
    """Return the key that an environment variable sets, or None."""
    return _BY_VARIABLE.get(variable)


def is_reserved(variable: str) -> bool:
    return variable in RESERVED_VARIABLES or variable.startswith(RESERVED_PREFIX)

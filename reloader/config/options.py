"""Every key of the configuration. Flags, variables, the model's defaults, the help and the example file are made from it.

Imports nothing that costs: ``--help`` is printed from this table.
"""

from __future__ import annotations

from enum import Enum

from reloader.core.choices import BackendName, Comparison, Framework, OnExit

VARIABLE_PREFIX = "RELOADER_"

CONFIG_VARIABLE = "RELOADER_CONFIG"
"""Names the file, as ``--config`` does."""

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
"""What a parent sets for its child: a reloader that runs below another one meets these, and they are no keys."""

PLATFORM_TABLES = {"linux": "linux", "macos": "darwin", "windows": "win32"}
"""The tables of the file that apply on one ``sys.platform`` only."""


class Kind(Enum):
    """How a value is written. The value of each says what is expected, for an error."""

    TEXT = "text"
    CHOICE = "one of a few words"
    LIST = "a list of texts"
    SECONDS = "seconds, or text with a unit"
    BOOLEAN = "true or false"
    TABLE = "a table of texts (in a flag, NAME=VALUE)"
    COMMAND = "a list of texts, or one text"
    SHELL = "true, false, or the shell's name"
    STEPS = "a list of commands"
    CODE = "a number from 0 to 255, or false"


class Group(Enum):
    """Headings of the help, in order."""

    RUN = "Command"
    WATCH = "Files to watch"
    DETECTION = "Change detection"
    END = "Stop and exit"
    OUTPUT = "Output"
    TASKS = "Checks, hooks and starts"
    PYTHON = "Python programs"


class Key:
    """One key. ``about`` explains it in a sentence, ``example`` is TOML, for errors.

    ``brief`` is what the short help says of it, if it is one of the few that stand there. A ``default`` of
    None: not set, which has a meaning of its own. ``table`` is the one that the file has it in, where ``written`` is its
    name; everywhere else it has a name of its own. ``typed`` is its name as a flag and a variable, if that is another.
    """

    __slots__ = (
        "about", "brief", "choices", "default", "example", "group", "kind", "metavar", "name", "short", "table", "typed",
        "written",
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
        typed: str = "",
    ) -> None:
        self.name = f"{table}_{name}" if table else name
        self.written = name
        self.table = table
        self.typed = typed or self.name
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
        return "--" + self.typed.replace("_", "-")

    @property
    def variable(self) -> str:
        return VARIABLE_PREFIX + self.typed.upper()


_RUN = (
    Key(
        "command", Kind.COMMAND, Group.RUN, None, metavar="TEXT", example='["python", "app.py"]',
        about="What to run: a list as it is, a text split into words as a shell would, without a shell.",
    ),
    Key(
        "shell", Kind.SHELL, Group.RUN, False, metavar="SHELL", example='"bash"',
        about="Hand the command to a shell: true for the system's own, a name, or a list such as [\"bash\", \"-c\"].",
    ),
    Key(
        "cwd", Kind.TEXT, Group.RUN, None, metavar="DIRECTORY", example='"backend"',
        about="The directory to run the command in; not set, the one of the config file.",
    ),
    Key(
        "env", Kind.TABLE, Group.RUN, {}, metavar="NAME=VALUE", example='{ PORT = "8000" }',
        about="Environment variables for the command, on top of yours.",
    ),
    Key(
        "env_files", Kind.LIST, Group.RUN, (), metavar="FILE", example='[".env"]',
        about="Files of NAME=VALUE lines, read at each launch and watched; what is already in the environment wins.",
    ),
    Key(
        "compatible", Kind.LIST, Group.RUN, (), choices=Framework, example='["werkzeug"]',
        about="Frameworks whose own reloader the command has on: it takes us for its parent, and starts none itself.",
    ),
    Key(
        "sockets", Kind.LIST, Group.RUN, (), metavar="ADDRESS", typed="socket",  # RELOADER_SOCKETS is what the command is told
        example='["127.0.0.1:8000", "unix:run/app.sock"]',
        about="Listen here for the command, which is handed the sockets, so that clients wait while it restarts.",
    ),
)  # fmt: skip

_WATCH = (
    Key(
        "watch", Kind.LIST, Group.WATCH, None, metavar="PATTERN", short="-w",
        brief="What counts; else all that is not ignored.", example='["src/**/*.py", "templates/"]',
        about="Gitignore patterns of what counts; not set, all below the config file's directory but what is ignored.",
    ),
    Key(
        "ignore", Kind.LIST, Group.WATCH, (), metavar="PATTERN", short="-i", brief="What does not count.",
        example='["*.log", "build/"]',
        about="Gitignore patterns of what does not count; '!' in front takes a path back in.",
    ),
    Key(
        "extra_files", Kind.LIST, Group.WATCH, (), metavar="FILE", example='[".env"]',
        brief="What counts wherever it lies.", about="Files that always count; they may lie outside and need not exist yet.",
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
        about="Look through symbolic links to directories.",
    ),
    Key(
        "allow_dangerous_root", Kind.BOOLEAN, Group.WATCH, False, example="false",
        about="Watch even a whole disk or the home directory.",
    ),
)  # fmt: skip

_NOTICE = (
    Key(
        "interval", Kind.SECONDS, Group.DETECTION, 1.0, metavar="SECONDS", example="1.0",
        brief="Seconds between two scans.", about="Seconds between two scans of the stat backend.",
    ),
    Key(
        "backend", Kind.CHOICE, Group.DETECTION, "auto", choices=BackendName,
        brief="How changes are noticed.", example='"auto"',
        about="How changes are noticed: scans (stat), events (watchdog) or, if named, Watchman; auto takes what works.",
    ),
    Key(
        "debounce", Kind.SECONDS, Group.DETECTION, 0.05, metavar="SECONDS", example="0.05",
        about="Seconds of quiet that end a batch of changes.",
    ),
    Key(
        "debounce_max", Kind.SECONDS, Group.DETECTION, 2.0, metavar="SECONDS", example="2.0",
        about="Seconds after which a batch ends, quiet or not.",
    ),
    Key(
        "compare", Kind.CHOICE, Group.DETECTION, "content", choices=Comparison, example='"content"',
        about="What makes a change: other content, or any other stat (size, times).",
    ),
)  # fmt: skip

_END = (
    Key(
        "on_exit", Kind.CHOICE, Group.END, "auto", choices=OnExit, example='"auto"',
        about="When the command ends by itself: exit with its code, wait for a change, or restart; auto decides by how.",
    ),
    Key(
        "restart_code", Kind.CODE, Group.END, 3, metavar="CODE|false", example="3",
        about="The exit code by which the command asks to be started again; false for none.",
    ),
    Key(
        "stop_signal", Kind.TEXT, Group.END, "SIGTERM", metavar="SIGNAL", example='"SIGTERM"',
        about="The signal that asks the command to end; on Windows SIGINT, SIGTERM and SIGBREAK all send CTRL_BREAK.",
    ),
    Key(
        "stop_timeout", Kind.SECONDS, Group.END, 5.0, metavar="SECONDS", example="5.0",
        about="Seconds after the stop signal until what is left is ended by force; 0 forces at once.",
    ),
    Key(
        "keys", Kind.BOOLEAN, Group.END, False, example="true",
        about="Read the keyboard: r, s, p, q, ? and Enter restart, show status, pause, quit, list these; the command gets none.",
    ),
)  # fmt: skip

_TELL = (
    Key(
        "clear", Kind.BOOLEAN, Group.OUTPUT, False, example="true",
        about="Clear the terminal before each restart; the reason for it stays.",
    ),
    Key(
        "bell", Kind.BOOLEAN, Group.OUTPUT, False, example="true",
        about="Ring the terminal's bell when a run ends by itself, or something else fails.",
    ),
    Key(
        "notify", Kind.BOOLEAN, Group.OUTPUT, False, example="true",
        about="Have the terminal show a desktop notification then, if it is not in front; one that cannot rings its bell.",
    ),
    Key(
        "timestamps", Kind.BOOLEAN, Group.OUTPUT, False, example="true",
        about="Put the time before each line, and into each object of --json.",
    ),
    Key(
        "log_file", Kind.TEXT, Group.OUTPUT, None, metavar="FILE", example='"reloader.log"',
        about="Append all that is told, with the time, to this file; what was before 1 MiB is kept beside it as FILE.1.",
    ),
)  # fmt: skip

_BESIDE = (
    Key(
        "check", Kind.COMMAND, Group.TASKS, "syntax", metavar="syntax|off|COMMAND",
        example='["ruff", "check", "{files}"]',
        about="What changes must pass before the old run is stopped: Python's syntax, or a command; {files} are the changed.",
    ),
    Key(
        "before", Kind.STEPS, Group.TASKS, (), metavar="COMMAND", example='[["npm", "run", "css"]]',
        about="Commands before each start; { run = [...], files = [...] } is run only when such files changed.",
    ),
    Key(
        "task_timeout", Kind.SECONDS, Group.TASKS, 60.0, metavar="SECONDS", example="60.0",
        about="Seconds that a command of check or before may take until it counts as failed.",
    ),
    Key(
        "ready", Kind.TABLE, Group.TASKS, {}, metavar="PROBE=VALUE", example='{ http = "http://127.0.0.1:8000/" }',
        about="When a run is ready: an http address answers, tcp accepts, a line matches log, exec ends with 0; else after 1 s.",
    ),
    Key(
        "hooks", Kind.TABLE, Group.TASKS, {}, metavar="NAME=COMMAND", example='{ ready = ["notify-send", "ready"] }',
        about="Commands to run on start, ready, change, crash and stop; nothing waits for them.",
    ),
    Key(
        "once", Kind.BOOLEAN, Group.TASKS, False, example="false",
        about="Run the command a single time, whatever changes, and end with its exit code.",
    ),
    Key(
        "postpone", Kind.BOOLEAN, Group.TASKS, False, example="false",
        about="Wait for the first change before the first start.",
    ),
)  # fmt: skip

_PYTHON = (
    Key(
        "modules", Kind.BOOLEAN, Group.PYTHON, True, table="python", example="true",
        about="Ask every Python program which files it imports, and watch those; without watch, of the rest nothing.",
    ),
    Key(
        "open_files", Kind.BOOLEAN, Group.PYTHON, False, table="python", example="true",
        about="Watch also the files of the project that the program opens to read, and did not write itself.",
    ),
    Key(
        "site_packages", Kind.BOOLEAN, Group.PYTHON, False, table="python", example="true",
        about="Watch also what it imports from site-packages.",
    ),
)  # fmt: skip

KEYS = {key.name: key for key in (*_RUN, *_WATCH, *_NOTICE, *_END, *_TELL, *_BESIDE, *_PYTHON)}

_BY_VARIABLE = {key.variable: key for key in KEYS.values()}

TABLES = tuple(dict.fromkeys(key.table for key in KEYS.values() if key.table))
"""The tables of the file that hold keys of their own."""


def key_of_variable(variable: str) -> Key | None:
    """The key that an environment variable sets."""
    return _BY_VARIABLE.get(variable)


def is_reserved(variable: str) -> bool:
    return variable in RESERVED_VARIABLES or variable.startswith(RESERVED_PREFIX)

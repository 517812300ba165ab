"""The agent: tells the parent which files this process imports, and how it ends.

It must not be felt. It imports nothing that the interpreter has not imported already, starts no thread (a later ``fork`` would
warn of it), holds no descriptor open (a program may close or count them), and no error of it reaches the program. Every report
is a line that is appended to the parent's pipe at once: ``RUN PID KIND FIELD…``, texts in hex.

Python 3.8 and later.
"""

import os
import sys
import time

# Bound now: gevent, eventlet and tests replace such functions later.
_open, _write, _close, _stat, _getpid, _sleep = os.open, os.write, os.close, os.stat, os.getpid, time.sleep
_dirname, _join, _abspath, _realpath, _fsencode = (
    os.path.dirname,
    os.path.join,
    os.path.abspath,
    os.path.realpath,
    os.fsencode,
)
_FLAGS = os.O_WRONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
_ATTEMPTS = 50 if sys.platform == "win32" else 1  # a pipe of Windows takes one writer at a time, each for a moment
_ATOMIC = 4096  # PIPE_BUF: a write up to this size is never mixed with another's
_INSTALLED = ("site-packages", "dist-packages")


class Channel:
    """The parent's pipe. What it cannot take now is sent with the next report."""

    def __init__(self, address, run):
        self._address = address
        self._run = run
        self._backlog = []

    def tell(self, kind, *fields):
        words = [self._run, str(_getpid()), kind] + [_word(field) for field in fields]
        line = " ".join(words).encode() + b"\n"
        if len(line) <= _ATOMIC:
            self._backlog.append(line)
            self._send()

    def _send(self):
        pipe = self._opened()
        if pipe is None:
            return  # nobody listens any more
        try:
            while self._backlog:
                _write(pipe, self._backlog[0])
                del self._backlog[0]
        except (OSError, IndexError):
            return  # full: the parent is busy; or another thread has sent it
        finally:
            _close(pipe)

    def _opened(self):
        for attempt in range(_ATTEMPTS):
            try:
                return _open(self._address, _FLAGS)
            except OSError:
                if attempt + 1 < _ATTEMPTS:
                    _sleep(0.001)
        return None


def _word(field):
    if isinstance(field, int):
        return str(field)
    return _fsencode(field).hex() or "-"


class Agent:
    """Looks at what the import system finds, and reports each file once, with the stamp that it has at that moment."""

    def __init__(self, channel, wants):
        self._channel = channel
        self._wants_installed = "site-packages" in wants
        self._standard_library = _realpath(_dirname(os.__file__))
        self._programs = _realpath(_dirname(sys.executable or "."))
        self._told = set()
        self._missed = set()
        self._verdicts = {}

    def file(self, path):
        if path in self._told:
            return
        self._told.add(path)
        path = _abspath(path)
        if self._counts(path):
            found = _stat(path)
            changed_ns = 0 if sys.platform == "win32" else found.st_ctime_ns  # there it is the time of creation
            self._channel.tell("file", path, found.st_mtime_ns, found.st_size, found.st_ino, changed_ns)

    def found(self, spec):
        """A module is about to be loaded."""
        archive = getattr(spec.loader, "archive", None)
        if archive:
            self.file(archive)
        elif spec.has_location and spec.origin:
            self.file(spec.origin)

    def missed(self, name, path):
        """No finder knows the module: say where it would lie, for somebody may be about to create it."""
        stem = name.rpartition(".")[2]
        for directory in sys.path if path is None else path:
            place = (directory, stem)
            if place not in self._missed:
                self._missed.add(place)
                where = _abspath(_join(directory, stem))
                if self._counts(where) and os.path.isdir(_dirname(where)):
                    self._channel.tell("missing", where)

    def script(self, path):
        """The program itself, if it is a file: runpy and the interpreter read it past the import system."""
        if os.path.isfile(path) and _realpath(_dirname(_abspath(path))) != self._programs:
            self.file(path)

    def ended(self, error):
        """An exception that nobody caught ends the process."""
        kind = type(error).__name__
        if isinstance(error, Exception):
            self._channel.tell("crash", kind, str(error)[:200])

    def _counts(self, path):
        """Not the standard library, and nothing installed, both by what is really there: a linked package is the user's."""
        directory = _dirname(path)
        if directory not in self._verdicts:
            self._verdicts[directory] = self._judge(_realpath(directory))
        return self._verdicts[directory]

    def _judge(self, directory):
        if directory == self._standard_library or directory.startswith(self._standard_library + os.sep):
            installed = any(name in directory.split(os.sep) for name in _INSTALLED)
            return installed and self._wants_installed
        return self._wants_installed or not any(name in directory.split(os.sep) for name in _INSTALLED)


class Finder:
    """Stands first on ``sys.meta_path`` and asks those behind it, so that it learns what they find."""

    def __init__(self, agent):
        self._agent = agent

    def find_spec(self, name, path=None, target=None):
        spec = self._ask_the_others(name, path, target)
        try:
            if spec is not None:
                self._agent.found(spec)
            else:
                self._agent.missed(name, path)
        except Exception:
            return spec  # a report less; the import goes on
        return spec

    def _ask_the_others(self, name, path, target):
        finders = list(sys.meta_path)
        for finder in finders[finders.index(self) + 1 :] if self in finders else ():
            find_spec = getattr(finder, "find_spec", None)
            spec = find_spec(name, path, target) if find_spec is not None else None
            if spec is not None:
                return spec
        return None


def attach(address):
    """Begin to report to ``address``: ``VERSION|PIPE|RUN|WANTS``. Nothing happens where that is not ours to read."""
    parts = address.split("|")
    if len(parts) != 4 or parts[0] != "1":
        return
    channel = Channel(parts[1], parts[2])
    agent = Agent(channel, parts[3].split(","))
    sys.meta_path.insert(0, Finder(agent))
    _hear_of_direct_loads(agent)
    _hear_of_the_end(agent)
    if "open-files" in parts[3].split(","):
        _hear_of_opened_files(agent)
    channel.tell("hello", sys.executable or "")
    if sys.argv and sys.argv[0] not in ("", "-c", "-m"):
        agent.script(sys.argv[0])


def _hear_of_direct_loads(agent):
    """Modules that are loaded from a path, past the finders: plug-ins, migrations, test modules."""
    loader = sys.modules["_frozen_importlib_external"].SourceFileLoader
    path_stats = loader.path_stats

    def observed_path_stats(self, path):
        try:
            agent.file(path)
        except Exception:
            return path_stats(self, path)  # a report less
        return path_stats(self, path)

    loader.path_stats = observed_path_stats


def _hear_of_the_end(agent):
    """``sys.last_value`` is what was printed as uncaught. Before 3.10, atexit forgets callbacks when it is imported twice."""
    if sys.version_info >= (3, 10):
        known = "atexit" in sys.modules
        import atexit

        atexit.register(lambda: _tell_the_end(agent, getattr(sys, "last_value", None)))
        if not known:
            del sys.modules["atexit"]
        return
    excepthook = sys.excepthook

    def observed_excepthook(kind, error, traceback):
        _tell_the_end(agent, error)
        excepthook(kind, error, traceback)

    sys.excepthook = observed_excepthook


def _tell_the_end(agent, error):
    try:
        if error is not None:
            agent.ended(error)
    except Exception:
        return  # a report less


def _hear_of_opened_files(agent):
    """Files that are opened for reading and that the program did not write itself: templates, data, settings."""
    written = set()
    project = os.getcwd() + os.sep
    writing = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND

    def observe(event, arguments):
        if event != "open":
            return
        try:
            path, mode, flags = arguments
            path = _abspath(os.fsdecode(path))
            if (mode and mode.strip("rbtU")) or (not mode and flags & writing):
                written.add(path)
            elif path not in written and path.startswith(project) and not path.endswith((".pyc", ".pyo")):
                agent.file(path)
        except Exception:
            return  # a descriptor instead of a path, a file that is not there

    sys.addaudithook(observe)

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
_open, _write, _close, _stat, _fstat, _getpid = os.open, os.write, os.close, os.stat, os.fstat, os.getpid
_sleep, _fsencode, _isfile, _isdir = time.sleep, os.fsencode, os.path.isfile, os.path.isdir
_dirname, _join, _abspath, _realpath = os.path.dirname, os.path.join, os.path.abspath, os.path.realpath
_FLAGS = os.O_WRONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
_PATIENCE = 50  # milliseconds: for a pipe that is full, and on Windows for one that another writer has open
_ATOMIC = 4096  # PIPE_BUF: a write up to this size is never mixed with another's
_CANDIDATES = 8  # addresses that are told at most
_FRAMES, _LONGEST_TRACE = 12, 1800  # of a traceback; hex doubles its bytes, and a line has to be _ATOMIC
_OURS = _dirname(__file__)
_OF_IMPORTLIB = os.path.join("importlib", "__init__.py")
_INSTALLED = ("site-packages", "dist-packages")
_IN_USE = {"win32": 10048, "darwin": 48}.get(
    sys.platform, 98
)  # the number of EADDRINUSE; the module errno need not be there
_TYPE, _REGULAR = 0o170000, 0o100000  # of st_mode; the module stat need not be there


class Channel:
    """The parent's pipe, ``PATH:INODE``. What it cannot take now is sent with the next report."""

    def __init__(self, address, run):
        self._path, _, inode = address.rpartition(":")
        self._inode = int(inode)
        self._run = run
        self._backlog = []
        self._patience = _PATIENCE

    def tell(self, kind, *fields):
        words = [str(field) if isinstance(field, int) else _fsencode(field).hex() or "-" for field in fields]
        line = " ".join([self._run, str(_getpid()), kind, *words]).encode() + b"\n"
        if len(line) > _ATOMIC:
            return
        self._backlog.append(line)
        pipe = self._opened()
        if pipe is None:
            return
        try:
            while self._backlog:
                line = self._backlog.pop(0)  # one step: several threads may be here
                if not self._takes(pipe, line):
                    self._backlog.insert(0, line)
                    return
        except IndexError:
            return  # another thread sends it
        finally:
            _close(pipe)

    def _opened(self):
        """The pipe, or None if nobody listens any more: its path may be that of another file by now."""
        for _ in range(_PATIENCE):
            try:
                pipe = _open(self._path, _FLAGS)
            except OSError as error:
                if sys.platform != "win32" or isinstance(error, FileNotFoundError):
                    return None
                _sleep(0.001)
                continue
            if self._inode in (0, _fstat(pipe).st_ino):
                return pipe
            _close(pipe)
            return None
        return None

    def _takes(self, pipe, line):
        for _ in range(self._patience):
            try:
                _write(pipe, line)
            except BlockingIOError:
                _sleep(0.001)
            else:
                self._patience = _PATIENCE
                return True
        self._patience = 1  # the parent is stopped: it costs one wait, and not one for each report
        return False


class Agent:
    """Reports each file once, with the stamp that it has just before it is read."""

    def __init__(self, channel, wants):
        self._channel = channel
        self._wants_installed = "site-packages" in wants
        compiled = [entry for entry in sys.path if os.path.basename(entry) in ("lib-dynload", "DLLs")]
        self._standard = [_realpath(place) for place in (_dirname(os.__file__), *compiled)]
        self._told = set()
        self._missed = set()
        self._verdicts = {}

    def file(self, path, kind="file"):
        """Whether the file counts. If so, it is reported."""
        path = _abspath(path)
        counts = self._counts(path)
        if counts and (kind, path) not in self._told:
            found = _stat(path)
            if found.st_mode & _TYPE != _REGULAR:
                return False
            changed_ns = 0 if sys.platform == "win32" else found.st_ctime_ns  # there it is the time of creation
            importer = [_importer()] if kind == "file" else []
            self._channel.tell(kind, path, found.st_mtime_ns, found.st_size, found.st_ino, changed_ns, *importer)
            self._told.add((kind, path))
        return counts

    def wrote(self, path):
        if ("wrote", path) not in self._told:
            self._told.add(("wrote", path))
            self._channel.tell("wrote", path)

    def found(self, spec, tell_themselves):
        """A module is there. Files that loaders of ``tell_themselves`` read are reported when they do."""
        archive = getattr(spec.loader, "archive", None)
        if archive:
            if self._counts(_join(archive, "")):
                self.file(archive)
        elif spec.origin is None and spec.submodule_search_locations is not None:
            for directory in spec.submodule_search_locations:  # a namespace, until it gets what makes it a package
                self._expect(_abspath(directory), "__init__")
        elif spec.has_location and spec.origin and not isinstance(spec.loader, tell_themselves):
            self.file(spec.origin)

    def missed(self, name, path):
        """No finder knows the module: say where it would lie, for somebody may be about to create it."""
        for directory in sys.path if path is None else path:
            if isinstance(directory, str):
                self._expect(_abspath(directory), name.rpartition(".")[2])

    def _expect(self, directory, stem):
        where = _join(directory, stem)
        if where in self._missed or "\0" in where or not stem:
            return
        self._missed.add(where)
        if self._counts(where) and _isdir(directory):
            self._channel.tell("missing", where + ".py")
            self._channel.tell("missing", where + sys.modules["_imp"].extension_suffixes()[0])
            if not _isfile(where):  # else it is a file of the same name, and no package
                self._channel.tell("missing", _join(where, "__init__.py"))
                self._channel.tell("missing", where)

    def script(self, path):
        """What the interpreter, or a program like ``coverage run``, reads past the import system."""
        folder = _realpath(_dirname(_abspath(path)))
        if _isfile(path) and folder not in [_realpath(_join(sys.prefix, name)) for name in ("bin", "Scripts")]:
            self.file(path)

    def ended(self, error):
        """An exception that nobody caught ends the process. It counts if a file that counts had a part in it."""
        counts, first = False, error
        for _ in range(10):  # each was raised while the next was handled
            if isinstance(error, OSError) and error.errno == _IN_USE:
                _quietly(self.taken, error)
            counts = True in [_isfile(path) and self.file(path) for path in _files_of(error)] or counts
            error = getattr(error, "__cause__", None) or getattr(error, "__context__", None)
        if counts and isinstance(first, Exception):
            trace = []
            _quietly(lambda: trace.append(_trace_of(first)))
            self._channel.tell("crash", type(first).__name__, *trace)

    def taken(self, error):
        """An address is in use. The error does not say which: those that its frames speak of are told, the innermost first."""
        found = []
        for frame in reversed(list(_frames_of(error))):
            found += [address for address in _addresses_in(frame) if address not in found]
        for address in found[:_CANDIDATES]:
            self._channel.tell("taken", *address)

    def _counts(self, path):
        """Not the standard library, and nothing installed, both by what is really there: a linked package is the user's."""
        directory = _dirname(path)
        if directory not in self._verdicts:
            self._verdicts[directory] = self._judge(_realpath(directory))
        return self._verdicts[directory]

    def _judge(self, directory):
        parts = directory.split(os.sep)
        if any(name in parts for name in _INSTALLED):
            return self._wants_installed
        return not any((directory + os.sep).startswith(place + os.sep) for place in self._standard)


def _importer():
    """The file whose ``import`` is under way: the first frame above that is neither ours nor of the import system."""
    frame = sys._getframe(1)  # noqa: SLF001 - the only way to see who calls
    for _ in range(50):
        name = frame.f_code.co_filename
        if not name.startswith((_OURS, "<")) and not name.endswith(_OF_IMPORTLIB):
            return name
        if frame.f_back is None:
            break
        frame = frame.f_back
    return ""


def _files_of(error):
    files = [error.filename] if isinstance(error, SyntaxError) and error.filename else []
    return files + [frame.f_code.co_filename for frame in _frames_of(error)]


def _frames_of(error):
    trace = getattr(error, "__traceback__", None)
    while trace is not None:
        yield trace.tb_frame
        trace = trace.tb_next


def _trace_of(error):
    """As Python prints it, without the source lines; of a long one the end is left, which is where the error is."""
    lines = ['  File "{}", line {}, in {}'.format(*place) for place in _places_of(error)][-_FRAMES:]
    if isinstance(error, SyntaxError):
        lines.append(f'  File "{error.filename}", line {error.lineno}')
    said = str(error.msg if isinstance(error, SyntaxError) else error)
    last = type(error).__name__ + (": " + said if said else "")
    text = "\n".join(["Traceback (most recent call last):", *lines, last])
    raw = text.encode("utf-8", "backslashreplace")
    if len(raw) > _LONGEST_TRACE:
        raw = b"..." + raw[-_LONGEST_TRACE:]
    return raw.decode("utf-8", "ignore")


def _places_of(error):
    trace = getattr(error, "__traceback__", None)
    while trace is not None:
        code = trace.tb_frame.f_code
        yield code.co_filename, trace.tb_lineno, code.co_name
        trace = trace.tb_next


def _addresses_in(frame):
    """What in a frame looks like a host and a port: variables, constants, attributes of ``self``. Then what is called a port."""
    code, variables = frame.f_code, frame.f_locals
    attributes = getattr(variables.get("self"), "__dict__", {})
    known = [frame.f_globals.get(name) for name in code.co_names if "port" in name.lower()]
    named = [value for name, value in [*variables.items(), *attributes.items()] if "port" in str(name).lower()]
    for value in [*variables.values(), *attributes.values(), *code.co_consts]:
        if type(value) is tuple and len(value) in (2, 4) and type(value[0]) is str and _is_port(value[1]):
            yield value[:2]
    for value in named + known:
        if _is_port(value):
            yield "", value


def _is_port(value):
    return type(value) is int and 0 < value < 65536


def attach(address):
    """Begin to report to ``address``: ``VERSION|PIPE|RUN|WANTS``. Nothing happens where that is not ours to read."""
    parts = address.split("|")
    if len(parts) != 4 or parts[0] != "2":
        return
    wants = parts[3].split(",")
    channel = Channel(parts[1], parts[2])
    agent = Agent(channel, wants)
    _hear_of_imports(agent)
    _hear_of_the_end(agent)
    if "open-files" in wants:
        import _reloader_open_files

        _reloader_open_files.attach(agent)
    leads = hasattr(os, "getpgrp") and os.getpgrp() == _getpid()
    channel.tell("hello", int(leads), sys.argv[0] if sys.argv else "", sys.executable or "")
    for number, argument in enumerate(sys.argv):
        if number == 0 or argument.endswith(".py"):
            agent.script(argument)


def _hear_of_imports(agent):
    """Loaders read a file in a method of their own, whoever calls them; what no finder knows reaches none."""
    bootstrap, external = sys.modules["_frozen_importlib"], sys.modules["_frozen_importlib_external"]
    source, bytecode = external.SourceFileLoader, external.SourcelessFileLoader
    extension = external.ExtensionFileLoader

    def found(spec, name, path, *_):
        agent.missed(name, path) if spec is None else agent.found(spec, (source, bytecode, extension))

    _observe(source, "path_stats", before=lambda loader, path: agent.file(path))
    _observe(bytecode, "get_code", before=lambda loader, name: agent.file(loader.path))
    _observe(extension, "create_module", before=lambda loader, spec: agent.file(loader.path))
    _observe(bootstrap, "_find_spec", after=found)
    if "importlib.util" in sys.modules:  # a .pth file has imported it, with the function that was there
        _observe(sys.modules["importlib.util"], "_find_spec", after=found)


def _observe(owner, name, before=None, after=None):
    """Look at the arguments of a function of the import system, or at its result, too."""
    function = getattr(owner, name)

    def observed(*arguments, **named):
        if before is not None:
            _quietly(before, *arguments)
        result = function(*arguments, **named)
        if after is not None:
            _quietly(after, result, *arguments)
        return result

    # Python leaves the frames of its import system out of tracebacks, by this name.
    observed.__code__ = observed.__code__.replace(co_filename=function.__code__.co_filename)
    setattr(owner, name, observed)


def _quietly(look, *arguments):
    try:
        look(*arguments)
    except Exception:
        return  # a report less


def _hear_of_the_end(agent):
    """``sys.last_value`` is what was printed as uncaught. Before 3.10, atexit forgets callbacks when it is imported twice."""
    if sys.version_info >= (3, 10):
        known = "atexit" in sys.modules
        import atexit

        atexit.register(lambda: _quietly(agent.ended, getattr(sys, "last_value", None)))
        if not known:
            del sys.modules["atexit"]
        return
    excepthook = sys.excepthook

    def observed_excepthook(kind, error, traceback):
        _quietly(agent.ended, error)
        excepthook(kind, error, traceback)

    sys.excepthook = observed_excepthook

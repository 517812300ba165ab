"""The agent: reports to the parent which files this process imports, and how it ends.

The program must not notice it. It imports nothing that the interpreter has not imported already. It starts no thread,
of which a later ``fork`` would warn, and keeps no descriptor open, which a program may close or count. No error of it
reaches the program. Each report is a line that is appended to the parent's pipe at once: ``RUN PID KIND FIELD…``, with texts
in hex.

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
_PIPE_TIMEOUT = 50  # milliseconds: for a pipe that is full, and on Windows for one that another writer has open
_MAX_LINE = 4096  # bytes, PIPE_BUF: the kernel never mixes a write up to this size with another
_MAX_ADDRESSES = 8  # in the reports of one error
_MAX_FRAMES, _MAX_TRACE = 12, 1800  # frames and bytes of a traceback: hex doubles the bytes, and a line has _MAX_LINE
_AGENT_DIRECTORY = _dirname(__file__)
_IMPORTLIB_FILE = os.path.join("importlib", "__init__.py")
_INSTALLED = ("site-packages", "dist-packages")
# The number of EADDRINUSE, and the bits of st_mode: the modules errno and stat may not be imported.
_EADDRINUSE = {"win32": 10048, "darwin": 48}.get(sys.platform, 98)
_FILE_TYPE, _REGULAR_FILE = 0o170000, 0o100000


class Channel:
    """The parent's pipe, ``PATH:INODE``. A report that it cannot take now is sent with the next one."""

    def __init__(self, address, run):
        self._path, _, inode = address.rpartition(":")
        self._inode = int(inode)
        self._run = run
        self._backlog = []
        self._timeout = _PIPE_TIMEOUT

    def send(self, kind, *fields):
        words = [str(field) if isinstance(field, int) else _fsencode(field).hex() or "-" for field in fields]
        line = " ".join([self._run, str(_getpid()), kind, *words]).encode() + b"\n"
        if len(line) > _MAX_LINE:
            return
        self._backlog.append(line)
        pipe = self._open_pipe()
        if pipe is None:
            return
        try:
            while self._backlog:
                line = self._backlog.pop(0)  # one atomic step: several threads may be here
                if not self._write_line(pipe, line):
                    self._backlog.insert(0, line)
                    return
        except IndexError:
            return  # another thread has sent it
        finally:
            _close(pipe)

    def _open_pipe(self):
        """Return the pipe, or None if the parent has closed it: its path may be that of another file by now."""
        for _ in range(_PIPE_TIMEOUT):
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

    def _write_line(self, pipe, line):
        for _ in range(self._timeout):
            try:
                _write(pipe, line)
            except BlockingIOError:
                _sleep(0.001)
            else:
                self._timeout = _PIPE_TIMEOUT
                return True
        self._timeout = 1  # the parent is stopped: wait once, and not for each report
        return False


class Agent:
    """Reports each file once, with the stat that it has just before it is read."""

    def __init__(self, channel, wants):
        self._channel = channel
        self._wants_installed = "site-packages" in wants
        compiled = [entry for entry in sys.path if os.path.basename(entry) in ("lib-dynload", "DLLs")]
        self._standard_library = [_realpath(directory) for directory in (_dirname(os.__file__), *compiled)]
        self._reported = set()
        self._missing = set()
        self._is_watched_in = {}

    def on_file(self, path, kind="file"):
        """Report a file that is about to be read, unless it is not watched. Return True if it is watched."""
        path = _abspath(path)
        is_watched = self._is_watched(path)
        if is_watched and (kind, path) not in self._reported:
            found = _stat(path)
            if found.st_mode & _FILE_TYPE != _REGULAR_FILE:
                return False
            ctime_ns = 0 if sys.platform == "win32" else found.st_ctime_ns  # there it is the time of creation
            importer = [_importer()] if kind == "file" else []
            self._channel.send(kind, path, found.st_mtime_ns, found.st_size, found.st_ino, ctime_ns, *importer)
            self._reported.add((kind, path))
        return is_watched

    def on_write(self, path):
        if ("wrote", path) not in self._reported:
            self._reported.add(("wrote", path))
            self._channel.send("wrote", path)

    def on_module_found(self, spec, observed_loaders):
        """Report the file of a module, unless one of ``observed_loaders`` will read it."""
        archive = getattr(spec.loader, "archive", None)
        if archive:
            if self._is_watched(_join(archive, "")):
                self.on_file(archive)
        elif spec.origin is None and spec.submodule_search_locations is not None:
            for directory in spec.submodule_search_locations:  # a namespace package, until it gets an __init__.py
                self._report_missing(_abspath(directory), "__init__")
        elif spec.has_location and spec.origin and not isinstance(spec.loader, observed_loaders):
            self.on_file(spec.origin)

    def on_module_missing(self, name, path):
        """Report the paths of a module that no finder knows: the user may be about to create it."""
        for directory in sys.path if path is None else path:
            if isinstance(directory, str):
                self._report_missing(_abspath(directory), name.rpartition(".")[2])

    def _report_missing(self, directory, stem):
        path = _join(directory, stem)
        if path in self._missing or "\0" in path or not stem:
            return
        self._missing.add(path)
        if self._is_watched(path) and _isdir(directory):
            self._channel.send("missing", path + ".py")
            self._channel.send("missing", path + sys.modules["_imp"].extension_suffixes()[0])
            if not _isfile(path):  # else a file has the name, which cannot be a package
                self._channel.send("missing", _join(path, "__init__.py"))
                self._channel.send("missing", path)

    def on_script(self, path):
        """Report a file that the interpreter, or a program like ``coverage run``, reads without the import system."""
        if _isfile(path) and not _is_console_script(path):
            self.on_file(path)

    def on_exit(self, error):
        """Report the uncaught exception that ends the process, if a watched file is part of its traceback."""
        is_watched, first = False, error
        for _ in range(10):  # each was raised while the next was handled
            if isinstance(error, OSError) and error.errno == _EADDRINUSE:
                _quietly(self.on_address_in_use, error)
            files = [path for path in _files_of(error) if _isfile(path) and not _is_console_script(path)]
            is_watched = True in [self.on_file(path) for path in files] or is_watched
            error = getattr(error, "__cause__", None) or getattr(error, "__context__", None)
        if is_watched and isinstance(first, Exception):
            trace = []
            _quietly(lambda: trace.append(_trace_of(first)))
            self._channel.send("crash", type(first).__name__, *trace)

    def on_address_in_use(self, error):
        """Report the addresses that occur in the frames of ``error``, the innermost first: it does not say which is in use."""
        found = []
        for frame in reversed(list(_frames_of(error))):
            found += [address for address in _addresses_in(frame) if address not in found]
        for address in found[:_MAX_ADDRESSES]:
            self._channel.send("taken", *address)

    def _is_watched(self, path):
        """Return True unless the real path is in the standard library or installed. A linked package is watched."""
        directory = _dirname(path)
        if directory not in self._is_watched_in:
            self._is_watched_in[directory] = self._is_watched_directory(_realpath(directory))
        return self._is_watched_in[directory]

    def _is_watched_directory(self, directory):
        parts = directory.split(os.sep)
        if any(name in parts for name in _INSTALLED):
            return self._wants_installed
        return not any((directory + os.sep).startswith(standard + os.sep) for standard in self._standard_library)


def _is_console_script(path):
    """Return True if an installation wrote the file, as pip writes the commands of a package."""
    directory = _realpath(_dirname(_abspath(path)))
    return directory in [_realpath(_join(sys.prefix, name)) for name in ("bin", "Scripts")]


def _importer():
    """Return the file that imports: that of the first frame which is neither the agent's nor of the import system."""
    frame = sys._getframe(1)  # noqa: SLF001 - the only way to find the caller
    for _ in range(50):
        path = frame.f_code.co_filename
        if not path.startswith((_AGENT_DIRECTORY, "<")) and not path.endswith(_IMPORTLIB_FILE):
            return path
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
    """Return the traceback as Python prints it, without source lines. A long one is cut at its beginning."""
    lines = ['  File "{}", line {}, in {}'.format(*location) for location in _locations_of(error)][-_MAX_FRAMES:]
    if isinstance(error, SyntaxError):
        lines.append(f'  File "{error.filename}", line {error.lineno}')
    message = str(error.msg if isinstance(error, SyntaxError) else error)
    last = type(error).__name__ + (": " + message if message else "")
    text = "\n".join(["Traceback (most recent call last):", *lines, last])
    raw = text.encode("utf-8", "backslashreplace")
    if len(raw) > _MAX_TRACE:
        raw = b"..." + raw[-_MAX_TRACE:]
    return raw.decode("utf-8", "ignore")


def _locations_of(error):
    trace = getattr(error, "__traceback__", None)
    while trace is not None:
        code = trace.tb_frame.f_code
        yield code.co_filename, trace.tb_lineno, code.co_name
        trace = trace.tb_next


def _addresses_in(frame):
    """Yield what looks like a host and a port: variables, constants, attributes of ``self``. Then numbers named as a port."""
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
    """Begin to report to ``address``: ``VERSION|PIPE|RUN|WANTS``. Do nothing if it has another form or version."""
    parts = address.split("|")
    if len(parts) != 4 or parts[0] != "2":
        return
    wants = parts[3].split(",")
    channel = Channel(parts[1], parts[2])
    agent = Agent(channel, wants)
    _observe_imports(agent)
    _observe_exit(agent)
    if "open-files" in wants:
        import _reloader_open_files

        _reloader_open_files.attach(agent)
    is_leader = hasattr(os, "getpgrp") and os.getpgrp() == _getpid()
    channel.send("hello", int(is_leader), sys.argv[0] if sys.argv else "", sys.executable or "")
    for number, argument in enumerate(sys.argv):
        if number == 0 or argument.endswith(".py"):
            agent.on_script(argument)


def _observe_imports(agent):
    """Observe the loaders, which read each file in a method of their own, and the search for modules."""
    bootstrap, external = sys.modules["_frozen_importlib"], sys.modules["_frozen_importlib_external"]
    source, bytecode = external.SourceFileLoader, external.SourcelessFileLoader
    extension = external.ExtensionFileLoader

    def on_search(spec, name, path, *_):
        if spec is None:
            agent.on_module_missing(name, path)
        else:
            agent.on_module_found(spec, (source, bytecode, extension))

    _observe(source, "path_stats", before=lambda loader, path: agent.on_file(path))
    _observe(bytecode, "get_code", before=lambda loader, name: agent.on_file(loader.path))
    _observe(extension, "create_module", before=lambda loader, spec: agent.on_file(loader.path))
    _observe(bootstrap, "_find_spec", after=on_search)
    if "importlib.util" in sys.modules:  # a .pth file has imported it, and with it the original function
        _observe(sys.modules["importlib.util"], "_find_spec", after=on_search)


def _observe(owner, name, before=None, after=None):
    """Call ``before`` with the arguments of a function of the import system, and ``after`` with its result and these."""
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


def _quietly(report, *arguments):
    try:
        report(*arguments)
    except Exception:
        return  # one report is lost


def _observe_exit(agent):
    """Report the uncaught exception, which Python keeps in ``sys.last_value``.

    Before 3.10 a hook does it, because atexit forgets its callbacks when it is imported twice.
    """
    if sys.version_info >= (3, 10):
        is_imported = "atexit" in sys.modules
        import atexit

        atexit.register(lambda: _quietly(agent.on_exit, getattr(sys, "last_value", None)))
        if not is_imported:
            del sys.modules["atexit"]
        return
    excepthook = sys.excepthook

    def observed_excepthook(kind, error, traceback):
        _quietly(agent.on_exit, error)
        excepthook(kind, error, traceback)

    sys.excepthook = observed_excepthook

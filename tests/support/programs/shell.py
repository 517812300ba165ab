"""Act as the shell of a terminal: a session that owns it, and one foreground job, the command in ``sys.argv``.

Exit with the job's exit code, and report on standard error, as a notice, if the terminal was restored.
"""

import fcntl
import json
import os
import signal
import sys
import termios

assert sys.platform != "win32"


def report(notice: str, **facts: object) -> None:
    sys.stderr.write(json.dumps({"notice": notice, **facts}) + "\n")
    sys.stderr.flush()


fcntl.ioctl(0, termios.TIOCSCTTY, 0)
before = termios.tcgetattr(0)
signal.signal(signal.SIGTTOU, signal.SIG_IGN)
signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is meant for the job, and must not show here

job = os.fork()
if job == 0:
    os.setpgid(0, 0)
    os.tcsetpgrp(0, os.getpid())
    signal.signal(signal.SIGTTOU, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    os.execvp(sys.argv[1], sys.argv[1:])  # noqa: S606 - what shells are for

report("job_started", pid=job)
_, status = os.waitpid(job, os.WUNTRACED)
while os.WIFSTOPPED(status):
    os.tcsetpgrp(0, os.getpgrp())
    report("job_stopped", attributes_are_as_before=termios.tcgetattr(0) == before)
    while sys.stdin.readline().strip() == "bg":  # anything else asks for the job again, as "fg" does
        os.killpg(job, signal.SIGCONT)
    os.tcsetpgrp(0, job)
    os.killpg(job, signal.SIGCONT)
    _, status = os.waitpid(job, os.WUNTRACED)
foreground = os.tcgetpgrp(0)
os.tcsetpgrp(0, os.getpgrp())
report(
    "terminal_is_back",
    attributes_are_as_before=termios.tcgetattr(0) == before,
    job_is_in_foreground=foreground == job,
)
sys.exit(os.waitstatus_to_exitcode(status))

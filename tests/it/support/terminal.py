"""Runs a command on a terminal of its own, types an answer once it asks, and passes on its output and exit code.

Arguments: what the question contains, the answer (``^C`` for Ctrl-C), the command. Where the answer is ``-``, standard error says
``asked`` once it asks, and the answer comes from standard input. ``TYPED_AHEAD`` is what is typed before it asks.
"""

import os
import pty
import sys

question, answer, command = sys.argv[1].encode(), sys.argv[2].replace("^C", "\x03").encode(), sys.argv[3:]
child, terminal = pty.fork()
if child == 0:
    os.execvp(command[0], command)
os.write(terminal, os.environ.get("TYPED_AHEAD", "").encode())
shown, answered = b"", False
while True:
    try:
        some = os.read(terminal, 65536)
    except OSError:
        # How Linux says that nobody has the other side open any more.
        break
    if not some:
        break
    shown += some
    if not answered and question in shown:
        if answer == b"-":
            os.write(2, b"asked\n")
            answer = sys.stdin.buffer.readline()
        os.write(terminal, answer)
        answered = True
sys.stdout.buffer.write(shown)
sys.stdout.flush()
status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
sys.exit(status if status >= 0 else 128 - status)

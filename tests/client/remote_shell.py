# SPDX-License-Identifier: LGPL-2.1-or-later
"""A shell on another machine."""

import os
import re
import secrets
import select
import shlex
import subprocess
import time


class RemoteShell:
    """Takes one command after the other: to log in anew for each takes longer there than most of them do."""

    def __init__(self, words):
        self.process = subprocess.Popen(
            words, bufsize=0, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )

    def lives(self):
        return self.process.poll() is None

    def run(self, command, seconds):
        """Its exit status and what it printed; of one that failed, what it complained of, too."""
        mark = secrets.token_hex(16)
        complaints = "/run/complaints.$$"
        self.process.stdin.write(
            f"(eval {shlex.quote(command)}) </dev/null 2>{complaints}; status=$?; "
            f"[ $status = 0 ] || cat {complaints}; echo {mark} $status\n".encode()
        )
        return self.read_until(re.compile(rb"%s (\d+)\n" % mark.encode()), time.monotonic() + seconds)

    def read_until(self, mark, end):
        output, printed = self.process.stdout.fileno(), b""
        while not (ended := mark.search(printed)):
            if not select.select([output], [], [], max(0, end - time.monotonic()))[0]:
                raise TimeoutError(f"it goes on: {printed.decode(errors='replace')}")
            data = os.read(output, 65536)
            if not data:
                raise ConnectionError(f"the connection is lost: {printed.decode(errors='replace')}")
            printed += data
        return int(ended[1]), printed[: ended.start()].decode(errors="replace")

    def close(self):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()

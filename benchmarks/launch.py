"""Runs a command and says what it cost: a file to write and a command line go in, a line of JSON comes out.

    python -I -S launch.py FILE COMMAND...

A process of its own, and as small as can be: on Linux the peak memory of a process includes what its parent held when
it was started, and a benchmark holds much.
"""

import json
import os
import subprocess
import sys
import time

file, *command = sys.argv[1:]
start = time.perf_counter()
process = subprocess.Popen(command)
with open(file, "w", encoding="ascii") as out:
    out.write(f"{process.pid}\n")
_, status, usage = os.wait4(process.pid, 0)
wall = time.perf_counter() - start
peak = usage.ru_maxrss / (1e6 if sys.platform == "darwin" else 1e6 / 1024)
cost = {
    "cpu": usage.ru_utime + usage.ru_stime,
    "wall": wall,
    "peak": peak,
    "code": os.waitstatus_to_exitcode(status),
}
with open(file, "a", encoding="ascii") as out:
    out.write(json.dumps(cost) + "\n")

"""A disk whose fsync takes its time, for Redis alone: a library loaded before the C library.

It slows nothing else: in a program of another name it does nothing. Needs a C compiler and Linux.
"""

import shutil
import subprocess
from pathlib import Path

DELAY_MS = 200

_SOURCE = r"""
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <string.h>
#include <unistd.h>

static int wait_and_call(const char *name, int fd) {
  int (*real)(int) = (int (*)(int))dlsym(RTLD_NEXT, name);
  if (strstr(program_invocation_short_name, "valkey") ||
      strstr(program_invocation_short_name, "redis"))
    usleep(DELAY_MS * 1000);
  return real(fd);
}

int fdatasync(int fd) { return wait_and_call("fdatasync", fd); }
int fsync(int fd) { return wait_and_call("fsync", fd); }
"""


def why_impossible() -> str | None:
    return None if shutil.which("cc") else "a slow disk needs a C compiler: there is no cc on PATH"


def slow_disk_environment(folder: Path) -> dict[str, str]:
    """What a service must be started with; the library is made in `folder`."""
    library = folder / "slow_fsync.so"
    subprocess.run(
        [
            *("cc", "-shared", "-fPIC", "-O1", f"-DDELAY_MS={DELAY_MS}"),
            *("-x", "c", "-", "-ldl", "-o", str(library)),
        ],
        input=_SOURCE,
        text=True,
        check=True,
        timeout=60,
    )
    return {"LD_PRELOAD": str(library)}

"""encee loads and writes without functions that other systems lack."""

import subprocess
import sys

POSIX_MODULES = ("fcntl", "grp", "pty", "pwd", "resource", "syslog", "termios", "tty")
POSIX_NAMES = {
    "os": ("fchmod", "fchown", "fork", "geteuid", "getuid", "getxattr", "listxattr", "setxattr", "O_NOFOLLOW"),
    "signal": ("SIGALRM", "SIGHUP", "SIGTSTP", "SIGWINCH"),
    "time": ("tzset",),
}

IMPORT_ALL = f"""
import importlib, importlib.abc, os, pkgutil, signal, sys, time
import typer  # it is not ours to test

class Blocked(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name in {POSIX_MODULES!r}:
            raise ModuleNotFoundError(name)

for name in {POSIX_MODULES!r}:
    sys.modules.pop(name, None)
sys.meta_path.insert(0, Blocked())
for module, names in {POSIX_NAMES!r}.items():
    for name in names:
        delattr(sys.modules[module], name)

import encee
found = [module.name for module in pkgutil.walk_packages(encee.__path__, "encee.")]
for name in found:
    importlib.import_module(name)
print(*found, sep="\\n")
"""


def test_each_module_loads_without_the_modules_of_posix() -> None:
    done = subprocess.run([sys.executable, "-c", IMPORT_ALL], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert {"encee.__main__", "encee.cli.commands.exec_", "encee.cli.terminal", "encee.awsfile.file"} <= {
        *done.stdout.split()
    }

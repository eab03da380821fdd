"""Install each distribution in dist/ into an environment of its own, and use it against the stand-in for AWS.

What a wheel lacks (a policy, a shell's text, the manual page, a dependency that was not named) is not missed in a
clone, where it is there. Prints a line for each that is whole; where one is not, a line says what it lacks, and the
exit code is 1.
"""

import os
import subprocess
import sys
import sysconfig
import tempfile
import venv
from collections.abc import Iterator
from pathlib import Path

from encee import __version__
from encee.aws.policies.templates import POLICIES
from encee.cli.commands.init import STARTUP_LINES
from scripts.claims import UntrueError, expect
from scripts.homes import ROOT, Done, Home
from tests.fake_aws import FakeAws

CREDENTIALS = """\
# mine
[dev]
aws_access_key_id = {key.id}
aws_secret_access_key = {key.secret}
"""
LINKED = (
    "import re; from importlib.metadata import metadata; "
    "assert not re.search(r'\\]\\((?!https://|#)', metadata('encee').get_payload())"
)
"""An index shows the README without the files of the repository, so no link may lead to one (hatch_build.py)."""

TYPED = "from importlib.resources import files; assert (files('encee') / 'py.typed').is_file()"


def distributions() -> Iterator[Path]:
    """Return the wheel and the sdist.

    Raises:
        UntrueError: There is not one of each, of this version.
    """
    for pattern in ("*.whl", "*.tar.gz"):
        found = [*(ROOT / "dist").glob(pattern)]
        expect(len(found) == 1, f"dist/ holds {len(found)} of {pattern}")
        expect(found[0].name.startswith(f"encee-{__version__}"), f"{found[0].name} is not of {__version__}")
        yield found[0]


def pip(programs: Path, *arguments: str | Path) -> None:
    """Run pip in the environment.

    Raises:
        UntrueError: It cannot.
    """
    done = subprocess.run([programs / "python", "-m", "pip", "--quiet", *arguments], check=False)
    expect(done.returncode == 0, f"pip {arguments[0]} ended with {done.returncode}")


def use(programs: Path, home: Home) -> None:
    """Run the installed encee: status, policies, refresh, exec and clear.

    Raises:
        UntrueError: Something of it does not work.
    """

    def run(program: str, *arguments: str) -> Done:
        # Windows finds a home and its own libraries by these two.
        environ = {"USERPROFILE": str(home.path), "SYSTEMROOT": os.environ.get("SYSTEMROOT")}
        done = home.run(programs / program, *arguments, environ=environ)
        command = " ".join([program, *arguments])
        expect(done.returncode == 0, f"{command} ended with {done.returncode}: {done.stderr.strip()}")
        return done

    expect(run("encee", "--version").stdout == f"encee {__version__}\n", f"it is not encee {__version__}")
    run("encee", "status")
    page = programs.parent / "share" / "man" / "man1" / "encee.1"
    expect(page.exists() and f'"encee {__version__}"' in page.read_text(), "it has no manual page of its version")
    run("python", "-I", "-c", LINKED)
    run("python", "-I", "-c", TYPED)  # -I: not the encee in this folder
    for name in POLICIES:
        run("encee", "policy", "show", name, *(["--allow-cidr", "203.0.113.0/24"] if name == "ip-restriction" else []))
    for shell in STARTUP_LINES:
        run("encee", "init", shell)

    user = home.aws.create_user("jane")
    device = user.create_device("phone")
    before = CREDENTIALS.format(key=user.access_key).encode(), b""
    home.write(*before)
    run("encee", "refresh", "dev", "--code", device.code())
    expect(home.credentials.read_bytes().startswith(before[0]), "refresh moved a byte")
    run("encee", "status", "--check", "dev")
    run("encee", "exec", "dev", "--", str(programs / "python"), "--version")
    run("encee", "clear", "dev")
    expect(home.credentials.read_bytes() == before[0], "clear did not restore the file")


def main() -> int:
    """Try both distributions; the second reuses the dependencies of the first."""
    try:
        with tempfile.TemporaryDirectory(prefix="encee-installed-") as folder:
            environment = Path(folder, "venv")
            venv.create(environment, with_pip=True)
            programs = Path(sysconfig.get_path("scripts", "venv", {"base": str(environment)}))
            for number, distribution in enumerate(distributions()):
                pip(programs, "install", distribution)
                pip(programs, "check")
                with FakeAws() as aws:
                    use(programs, Home(Path(folder, f"home-{number}"), aws))
                pip(programs, "uninstall", "--yes", "encee")
                print(f"{distribution.name}: installed into an empty environment, and used")
    except UntrueError as untrue:
        print(f"installed: {untrue}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

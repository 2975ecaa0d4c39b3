"""./taquilla: makes the environment once, from anywhere, also when started twice at once, and on a
machine whose Python has no pip to make it with."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

LAUNCHER = Path(__file__).parents[2] / "taquilla"
(PIP_WHEEL,) = (LAUNCHER.parent / "requirements").glob("pip-*.whl")
MAKE_SECONDS = 100
MAIN = "import os, sys; print(os.getpid(), os.getcwd(), *sys.argv[1:]); sys.exit(7)"


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository with the launcher, no requirements, and a command line that shows itself."""
    root = tmp_path_factory.mktemp("clone") / "with a space"
    (root / "app" / "cli").mkdir(parents=True)
    (root / "app" / "cli" / "__main__.py").write_text(MAIN)
    (root / "requirements").mkdir()
    (root / "requirements" / "run.txt").touch()
    shutil.copy(PIP_WHEEL, root / "requirements")  # the Python of the tests may have no ensurepip
    shutil.copy(LAUNCHER, root / "taquilla")
    return root


@pytest.fixture
def stranger(tmp_path: Path) -> dict[str, str]:
    """An environment whose only Python is too old."""
    for name in ("python3.13", "python3.12", "python3.11", "python3"):
        (tmp_path / name).write_text("#!/bin/sh\nexit 1\n")
        (tmp_path / name).chmod(0o755)
    for name in ("dirname", "readlink", "mkdir", "cat", "cksum"):
        found = shutil.which(name)
        assert found
        (tmp_path / name).symlink_to(found)
    return {"PATH": str(tmp_path)}


def launch(launcher: Path, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [launcher, *arguments],
        cwd="/",
        env={**os.environ, "PIP_NO_INDEX": "1"},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_two_first_runs_at_once_make_one_environment_and_both_run(clone: Path) -> None:
    shutil.rmtree(clone / ".venv", ignore_errors=True)
    both = [launch(clone / "taquilla", "dev", name) for name in ("a", "b")]
    said = [each.communicate(timeout=MAKE_SECONDS) for each in both]
    assert [each.returncode for each in both] == [7, 7]
    assert [out.split()[-1] for out, _ in said] == ["a", "b"]
    assert "".join(err for _, err in said).count("making .venv") == 1


def test_it_becomes_the_command_line_in_the_root_with_the_same_process_id(
    clone: Path, tmp_path: Path
) -> None:
    link = tmp_path / "tickets"
    link.symlink_to(clone / "taquilla")
    process = launch(link, "dev", "--fresh", "two words")
    out, _ = process.communicate(timeout=MAKE_SECONDS)
    assert out == f"{process.pid} {clone} dev --fresh two words\n"
    assert process.returncode == 7


def test_a_second_start_makes_and_says_nothing(clone: Path) -> None:
    launch(clone / "taquilla", "prepare", "run").communicate(timeout=MAKE_SECONDS)
    stamp = (clone / ".venv" / "run.stamp").stat()
    process = launch(clone / "taquilla", "prepare", "run")
    assert process.communicate(timeout=MAKE_SECONDS) == ("", "")
    assert (clone / ".venv" / "run.stamp").stat().st_mtime_ns == stamp.st_mtime_ns


def test_changed_requirements_are_installed(clone: Path) -> None:
    launch(clone / "taquilla", "prepare", "run").communicate(timeout=MAKE_SECONDS)
    (clone / "requirements" / "run.txt").write_text("# changed\n")
    _, err = launch(clone / "taquilla", "prepare", "run").communicate(timeout=MAKE_SECONDS)
    assert "installing requirements/run.txt" in err
    assert "making .venv" not in err


def test_an_interrupted_first_run_is_made_good(clone: Path) -> None:
    launch(clone / "taquilla", "prepare", "run").communicate(timeout=MAKE_SECONDS)
    (clone / ".venv" / "run.stamp").unlink()
    (clone / ".venv" / "bin" / "python").unlink()
    process = launch(clone / "taquilla", "dev")
    _, err = process.communicate(timeout=MAKE_SECONDS)
    assert process.returncode == 7
    assert "making .venv" in err


def test_a_requirement_that_cannot_be_had_is_an_error_each_time(clone: Path) -> None:
    wrong = "taquilla-there-is-no-such==1.0 --hash=sha256:" + "0" * 64 + "\n"
    (clone / "requirements" / "run.txt").write_text(wrong)
    try:
        for _ in range(2):
            process = launch(clone / "taquilla", "dev")
            out, _ = process.communicate(timeout=MAKE_SECONDS)
            assert process.returncode not in {0, 7}
            assert out == ""
    finally:
        (clone / "requirements" / "run.txt").write_text("")


@pytest.fixture
def bare(clone: Path, tmp_path: Path) -> Path:
    """A fresh clone on a machine whose only Python has neither pip nor ensurepip."""
    root = tmp_path / "bare"
    shutil.copytree(clone, root, ignore=shutil.ignore_patterns(".venv", ".tools"))
    (root / "requirements" / "run.txt").write_text("")
    programs = root / "programs"
    programs.mkdir()
    for name in ("python3.13", "python3.12", "python3.11", "python3"):
        (programs / name).write_text(WITHOUT_ENSUREPIP.format(python=sys.executable))
        (programs / name).chmod(0o755)
    return root


WITHOUT_ENSUREPIP = """#!/bin/sh
case "$*" in
    *"import ensurepip"*) exit 1 ;;
    "-m venv .venv") echo "ensurepip is not available" >&2; exit 1 ;;
esac
exec {python} "$@"
"""


def launch_bare(bare: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [bare / "taquilla", "dev", "--fresh"],
        env={**os.environ, "PIP_NO_INDEX": "1", "PATH": f"{bare}/programs:{os.environ['PATH']}"},
        capture_output=True,
        text=True,
        timeout=MAKE_SECONDS,
        check=False,
    )


def test_where_python_has_no_pip_ours_installs_itself_without_an_index(bare: Path) -> None:
    done = launch_bare(bare)
    assert done.returncode == 7, done.stderr
    assert done.stdout.endswith("dev --fresh\n")
    assert "this Python has no ensurepip: pip installs itself from requirements/pip-" in done.stderr
    subprocess.run([bare / ".venv/bin/python", "-m", "pip", "--version"], check=True, timeout=60)
    assert launch_bare(bare).stderr == ""


def test_a_pip_that_is_not_the_one_we_know_is_not_run(bare: Path) -> None:
    wheel = bare / "requirements" / PIP_WHEEL.name
    wheel.write_bytes(wheel.read_bytes() + b"x")
    for _ in range(2):
        done = launch_bare(bare)
        assert done.returncode == 1
        assert "is not the file it should be: sha256 " in done.stderr
        assert done.stdout == ""
    wheel.unlink()
    done = launch_bare(bare)
    assert done.returncode == 1
    assert f"{PIP_WHEEL.name} is missing" in done.stderr


def test_a_python_without_venv_says_what_to_install(bare: Path) -> None:
    for program in (bare / "programs").iterdir():
        program.write_text(program.read_text().replace('"-m venv .venv")', '"-m venv"*)'))
    done = launch_bare(bare)
    assert done.returncode == 1
    assert "cannot make an environment" in done.stderr
    assert "apt install python3-venv" in done.stderr
    assert not (bare / ".venv").exists()


def test_without_a_python_new_enough_it_says_so(
    tmp_path: Path, stranger: dict[str, str], clone: Path
) -> None:
    root = tmp_path / "bare"
    shutil.copytree(clone / "requirements", root / "requirements")
    shutil.copy(LAUNCHER, root / "taquilla")
    done = subprocess.run(
        ["/bin/sh", root / "taquilla", "dev"],
        env=stranger,
        capture_output=True,
        text=True,
        timeout=MAKE_SECONDS,
        check=False,
    )
    assert done.returncode == 1
    assert "needs Python 3.11 or newer" in done.stderr
    assert "here is no python3 at all" in done.stderr
    assert not (root / ".venv").exists()

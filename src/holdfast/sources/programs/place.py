"""Where client programs run: on this machine, or in a container that runs already."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from holdfast.errors import ContainerUnavailable, UsageError
from holdfast.sources.inherited import inherited

_LANGUAGE = ("LANG", "LC_ALL")
_RUNTIME_NEEDS = (
    *_LANGUAGE,
    *("DOCKER_HOST", "DOCKER_CONTEXT", "DOCKER_CONFIG", "DOCKER_CERT_PATH", "DOCKER_TLS_VERIFY"),
    *("XDG_RUNTIME_DIR", "XDG_CONFIG_HOME"),
    *("CONTAINER_HOST", "CONTAINERS_CONF", "CONTAINERS_STORAGE_CONF"),
)
RUNTIMES = ("docker", "podman")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,127}")
_INSPECT_LIMIT_S = 30
_UNREACHABLE = re.compile(
    r"cannot connect to (?:the docker daemon|podman)|unable to connect to podman"
    r"|error during connect|failed to connect to the docker api"
    r"|permission denied while trying to connect|daemon running",
    re.IGNORECASE,
)
"""What runtimes say when their service is down or closed to this user, not the container."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Invocation:
    """A program to start: its arguments, the program first, and all of its environment."""

    argv: tuple[str, ...]
    env: Mapping[str, str] = field(repr=False)


class Place(Protocol):
    """Where client programs run."""

    @property
    def local(self) -> bool:
        """Whether programs see this machine's files and addresses."""

    def find(self, program: str) -> str | None:
        """Return the path of a program by its name, or None where there is none."""

    def invocation(
        self, program: str, arguments: Sequence[str], env: Mapping[str, str], *, stdin: bool = False
    ) -> Invocation:
        """Return how to start a program there.

        Args:
            program: Its name or path.
            env: What it gets beyond what every program needs; secrets go here.
            stdin: Whether it reads what this process sends.
        """


class LocalPlace:
    """This machine."""

    local = True

    def find(self, program: str) -> str | None:
        """Return the path of a program by its name, or None where there is none."""
        return shutil.which(program)

    def invocation(
        self, program: str, arguments: Sequence[str], env: Mapping[str, str], *, stdin: bool = False
    ) -> Invocation:
        """Return how to start a program; see `Place`."""
        del stdin
        return Invocation(argv=(program, *arguments), env={**inherited(*_LANGUAGE), **env})


class ContainerPlace:
    """A running container, entered by `docker exec` or `podman exec`.

    Args:
        container: Its name or id.
        runtime: `docker` or `podman`; by default whichever knows the container.

    Raises:
        UsageError: The name could not be one of a container.
        ContainerUnavailable: There is no runtime, no such container, or it does not run.
    """

    local = False

    def __init__(self, container: str, runtime: str | None = None) -> None:
        if not _NAME.fullmatch(container):
            raise UsageError(f"{container!r} is not the name of a container")
        if runtime is not None and runtime not in RUNTIMES:
            raise UsageError(
                f"{runtime!r} is no container runtime", hint=f"Use {' or '.join(RUNTIMES)}."
            )
        self._name = container
        self._runtime, self._id = _look_up(container, runtime)

    def find(self, program: str) -> str | None:
        """Return the path of a program by its name, or None where there is none."""
        env = _runtime_environment()
        # No shell is asked: where the image has no `which`, the name itself is tried.
        found = _quiet((self._runtime, "exec", self._id, "which", program), env)
        if found.returncode == 0 and found.stdout.startswith(b"/"):
            return found.stdout.decode("utf-8", "surrogateescape").strip()
        found = _quiet((self._runtime, "exec", self._id, program, "--version"), env)
        return program if found.returncode == 0 else None

    def invocation(
        self, program: str, arguments: Sequence[str], env: Mapping[str, str], *, stdin: bool = False
    ) -> Invocation:
        """Return how to start a program; see `Place`.

        Never with a terminal, which would turn every line feed into two bytes. Variables are
        named among the arguments and their values given to the runtime in its environment.
        """
        named = [part for name in env for part in ("--env", name)]
        interactive = ["--interactive"] if stdin else []
        argv = (self._runtime, "exec", *interactive, *named, self._id, program, *arguments)
        return Invocation(argv=argv, env={**_runtime_environment(), **env})


def _look_up(container: str, runtime: str | None) -> tuple[str, str]:
    """Return the path of the runtime and the full id of a running container."""
    found = [path for each in ((runtime,) if runtime else RUNTIMES) if (path := shutil.which(each))]
    if not found:
        raise ContainerUnavailable(
            f"The container {container} cannot be reached: there is no"
            f" {runtime or ' or '.join(RUNTIMES)} on this machine",
            hint="Install it, or take the container out of the plan and name the server by its"
            " address.",
        )
    env = _runtime_environment()
    said, down = "", []
    for path in found:
        done = _quiet((path, "container", "inspect", container), env)
        if done.returncode:
            complaint = done.stderr.decode(errors="replace").strip()
            said = said or complaint.rpartition("\n")[2]
            down += [path] if _UNREACHABLE.search(complaint) else []
            continue
        identity, running, status = _described(path, done.stdout)
        if not running:
            raise ContainerUnavailable(
                f"The container {container} does not run (it is {status})",
                hint=f"Start it: {Path(path).name} start {container}",
            )
        return path, identity
    if down:
        raise _no_service(container, Path(down[0]).name, said, only=len(down) == len(found))
    raise ContainerUnavailable(
        f"There is no container {container}{': ' + said if said else ''}",
        hint=f"See which there are: {Path(found[0]).name} ps --all",
    )


def _no_service(container: str, runtime: str, said: str, *, only: bool) -> ContainerUnavailable:
    """Explain that a runtime is installed, and what does its work does not answer.

    Args:
        only: Whether no other runtime was there to ask.
    """
    if runtime == "docker":
        hint = (
            "Start the docker daemon (`sudo systemctl start docker`, or Docker Desktop), or point"
            " DOCKER_HOST at it; this user must be root or in the group docker. `docker ps` tells."
        )
    else:
        hint = (
            "Start what podman connects to (`podman machine start`, or `systemctl --user start"
            " podman.socket`), or unset CONTAINER_HOST. `podman ps` tells."
        )
    what = f"The container {container} cannot be reached, because"
    if not only:
        what = f"There is no container {container} in another runtime, and"
    return ContainerUnavailable(f"{what} {runtime} itself does not answer: {said}", hint=hint)


def _described(runtime: str, said: bytes) -> tuple[str, bool, str]:
    """Return a container's id, whether it runs, and its status in a word."""
    try:
        (described,) = json.loads(said)
        state = described["State"]
        return str(described["Id"]), bool(state["Running"]), str(state.get("Status", "stopped"))
    except (ValueError, KeyError, TypeError) as error:
        raise ContainerUnavailable(
            f"{Path(runtime).name} describes the container in a way that cannot be read",
            hint="See that it is docker or podman, in a version of the last years.",
        ) from error


def _quiet(argv: Sequence[str], env: Mapping[str, str]) -> subprocess.CompletedProcess[bytes]:
    try:
        return subprocess.run(
            argv,
            env=dict(env),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_INSPECT_LIMIT_S,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise ContainerUnavailable(
            f"{Path(argv[0]).name} did not answer within {_INSPECT_LIMIT_S} seconds",
            hint="See that it works: its service may hang.",
        ) from error


def _runtime_environment() -> dict[str, str]:
    return inherited(*_RUNTIME_NEEDS)

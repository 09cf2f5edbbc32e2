"""Programs in a container: a real one, run by podman (see `rig/container.py`).

Proves R04 and R56 for the way through `podman exec` and `docker exec`.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from holdfast.errors import ContainerUnavailable, ProgramFailed, UsageError
from holdfast.sources.programs import Child, ContainerPlace, run
from tests.rig.container import PostgresContainer, install_docker
from tests.rig.tools import Behaviour, install_tool
from tests.sources.programs.test_child import EVERY_BYTE, drain


@pytest.fixture
def place(postgres_container: PostgresContainer) -> ContainerPlace:
    return ContainerPlace(postgres_container.name)


def test_every_byte_comes_back(place: ContainerPlace) -> None:
    """R04: 10 MB of all byte values and line ends, into the container and out again."""
    run(place.invocation("tee", ["/tmp/bytes"], {}, stdin=True), feed=[EVERY_BYTE])
    assert run(place.invocation("cat", ["/tmp/bytes"], {})) == EVERY_BYTE
    run(place.invocation("rm", ["/tmp/bytes"], {}))


def test_there_is_no_terminal_and_no_shell(place: ContainerPlace) -> None:
    """R04: a terminal would turn line ends; a shell would read the arguments."""
    how = place.invocation("echo", ["$HOME; id", "-t"], {"A": "b"}, stdin=True)
    before = how.argv[: how.argv.index("echo")]
    assert not {"-t", "--tty", "-it"} & set(before)
    assert not any(part.rpartition("/")[2] in ("sh", "bash") for part in how.argv)
    assert run(place.invocation("echo", ["$HOME; id"], {})) == b"$HOME; id\n"


def test_what_it_says_is_never_among_its_bytes(place: ContainerPlace) -> None:
    """R04."""
    script = "echo out; echo err >&2"
    with Child(place.invocation("sh", ["-c", script], {}), writes=True) as child:
        assert drain(child) == b"out\n"
        assert "err" in child.finish()


def test_a_failure_within_is_a_failure(place: ContainerPlace) -> None:
    """R01."""
    with pytest.raises(ProgramFailed, match="the reason") as caught:
        run(place.invocation("sh", ["-c", "echo the reason >&2; exit 7"], {}))
    assert caught.value.status == 7
    with pytest.raises(ProgramFailed):
        run(place.invocation("sh", ["-c", "echo half; kill -9 $$"], {}))


def test_variables_arrive_and_are_no_arguments(place: ContainerPlace) -> None:
    """R56: whatever they hold."""
    secret = "canary \n '\"$x=\\ö"
    how = place.invocation("printenv", ["PGPASSWORD"], {"PGPASSWORD": secret})
    assert run(how).decode() == secret + "\n"
    assert not any("canary" in part for part in how.argv)
    assert "canary" not in repr(how)


def test_programs_are_found_within(place: ContainerPlace) -> None:
    assert place.find("psql") is not None
    assert place.find("no-such-program") is None


def test_docker_is_used_where_it_knows_the_container(
    postgres_container: PostgresContainer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install_docker(tmp_path)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    place = ContainerPlace(postgres_container.name)
    assert place.invocation("true", [], {}).argv[0] == str(tmp_path / "docker")
    assert run(place.invocation("echo", ["hi"], {})) == b"hi\n"


def test_podman_is_used_where_docker_does_not_know_the_container(
    postgres_container: PostgresContainer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install_tool(tmp_path, "docker", Behaviour.FAILS_AT_ONCE)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    place = ContainerPlace(postgres_container.name)
    assert place.invocation("true", [], {}).argv[0].endswith("/podman")


@pytest.mark.parametrize("name", ["", "-rm", "a b", "a;b", "../x", "a\nb", "--help"])
def test_what_is_no_container_name_is_refused(name: str) -> None:
    with pytest.raises(UsageError):
        ContainerPlace(name)


def test_another_runtime_is_refused() -> None:
    with pytest.raises(UsageError, match="no container runtime"):
        ContainerPlace("app", "sudo")


def test_no_runtime_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ContainerUnavailable, match="no docker or podman"):
        ContainerPlace("app")


def test_a_runtime_that_answers_nonsense_is_an_error(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for answer in (b"", b"nonsense", b"[]", b"{}", b"[1]"):
        install_tool(tmp_path, "docker", Behaviour.GOOD, output=answer)
        monkeypatch.setenv("PATH", str(tmp_path))
        with pytest.raises(ContainerUnavailable):
            ContainerPlace("app")


@pytest.mark.parametrize(
    ("runtime", "said", "what_to_do"),
    [
        (
            "docker",
            "Cannot connect to the Docker daemon at unix:///x. Is the docker daemon running?",
            "systemctl start docker",
        ),
        (
            "docker",
            "permission denied while trying to connect to the Docker daemon socket at unix:///x",
            "group docker",
        ),
        (
            "podman",
            "Cannot connect to Podman.\nError: unable to connect to Podman socket: no such file",
            "podman machine start",
        ),
    ],
)
def test_a_runtime_whose_service_is_down_is_not_taken_for_a_missing_container(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, runtime: str, said: str, what_to_do: str
) -> None:
    """R04: by a stand-in for the runtime, which says what the real one says."""
    program = tmp_path / runtime
    program.write_text(f"#!/bin/sh\necho '{said}' >&2\nexit 1\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ContainerUnavailable, match=f"{runtime} itself does not answer") as caught:
        ContainerPlace("app")
    assert said.rpartition("\n")[2] in caught.value.message
    assert what_to_do in str(caught.value.hint)
    other = tmp_path / {"docker": "podman", "podman": "docker"}[runtime]
    other.write_text("#!/bin/sh\nexit 1\n")
    other.chmod(0o755)
    with pytest.raises(ContainerUnavailable, match="no container app in another") as caught:
        ContainerPlace("app")
    assert what_to_do in str(caught.value.hint)

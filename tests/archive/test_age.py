"""Archives encrypted with a passphrase, which the `age` tool opens too."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import pyrage  # type: ignore[import-untyped]
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from holdfast.archive import age_encrypted, age_size, open_archive, write_archive
from holdfast.archive.age import AgeWriter, decrypt
from holdfast.archive.limits import ArchiveLimits
from holdfast.errors import (
    ArchiveDamaged,
    ArchiveError,
    ArchivePassphraseError,
    ArchiveRefused,
)
from tests.archive.memory_tree import sample_tree
from tests.archive.test_round_trip import seen

_FAST_LOG_N = 4
_CHUNK = 64 * 1024


def encrypted(data: bytes, passphrase: str = "correct horse", *, step: int = 50_000) -> bytes:
    """Return an age file with a work factor that is no work."""
    sink = io.BytesIO()
    writer = AgeWriter(sink, passphrase, log_n=_FAST_LOG_N)
    for start in range(0, len(data), step):
        writer.write(data[start : start + step])
    writer.close()
    return sink.getvalue()


def decrypted(data: bytes, passphrase: str = "correct horse") -> bytes:
    """Return the whole plaintext."""
    return b"".join(decrypt(io.BytesIO(data), passphrase))


@settings(max_examples=20, deadline=None)
@given(
    size=st.one_of(
        st.integers(0, 300), st.sampled_from([_CHUNK - 1, _CHUNK, _CHUNK + 1, 2 * _CHUNK, 200_000])
    ),
    step=st.integers(1, 100_000),
    passphrase=st.text(min_size=1, max_size=20).filter(lambda text: text.isprintable()),
)
def test_what_is_encrypted_comes_back_and_an_independent_age_agrees(
    size: int, step: int, passphrase: str
) -> None:
    """Every length, written in any steps, opens with rage's library and with ours."""
    data = os.urandom(size)
    sealed = encrypted(data, passphrase, step=max(step, size // 50))
    assert pyrage.passphrase.decrypt(sealed, passphrase) == data
    assert decrypted(sealed, passphrase) == data


def test_the_age_program_opens_what_we_encrypt_and_we_what_it_encrypts(tmp_path: Path) -> None:
    """RESTORE.txt promises `age -d`; on a terminal, as the program asks for passphrases there."""
    plain, ours, theirs = (tmp_path / name for name in ("plain", "ours.age", "theirs.age"))
    plain.write_bytes(os.urandom(_CHUNK + 1))
    ours.write_bytes(encrypted(plain.read_bytes()))
    opened = tmp_path / "opened"
    on_terminal(f"age -d -o {opened} {ours}", "correct horse\n")
    assert opened.read_bytes() == plain.read_bytes()
    on_terminal(f"age -p -o {theirs} {plain}", "correct horse\ncorrect horse\n")
    assert decrypted(theirs.read_bytes()) == plain.read_bytes()


def on_terminal(command: str, typed: str) -> None:
    """Run `command` on a terminal of its own, where `typed` is typed ahead."""
    done = subprocess.run(
        ["script", "-qec", command, "/dev/null"],
        input=typed,
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert done.returncode == 0, done.stdout


def test_the_size_of_an_encrypted_file_is_known_before() -> None:
    """`age_size` is exact for the work factor that exports use."""
    sink = io.BytesIO()
    with age_encrypted(sink, "x") as writer:
        writer.write(bytes(_CHUNK + 1))
    assert len(sink.getvalue()) == age_size(_CHUNK + 1)
    header = len(encrypted(b"")) + 1  # one digit less in the work factor
    sizes = {
        0: header,
        1: header + 1,
        _CHUNK: header + _CHUNK,
        2 * _CHUNK: header + 2 * _CHUNK + 16,
    }
    assert {size: age_size(size) for size in sizes} == sizes


def test_an_encrypted_archive_opens_with_its_passphrase_and_leaves_no_copy(tmp_path: Path) -> None:
    """The decrypted copy has no name, so a crash leaves nothing readable behind."""
    path, scratch = tmp_path / "backup.zip.age", tmp_path / "scratch"
    scratch.mkdir()
    tree = sample_tree()
    with path.open("wb") as sink, age_encrypted(sink, "correct horse") as writer:
        write_archive(tree, writer)
    with open_archive(path, passphrase="correct horse", scratch_dir=scratch) as archive:
        assert seen(archive) == seen(tree)
        assert list(scratch.iterdir()) == []


@pytest.mark.parametrize("passphrase", [None, "", "wrong"])
def test_a_missing_and_a_wrong_passphrase_are_told(passphrase: str | None, tmp_path: Path) -> None:
    """R51: neither is taken for damage."""
    path = tmp_path / "backup.zip.age"
    path.write_bytes(encrypted(b"x"))
    with (
        pytest.raises(ArchivePassphraseError, match=r"passphrase"),
        open_archive(path, passphrase=passphrase, scratch_dir=tmp_path),
    ):
        pass


def test_an_empty_passphrase_encrypts_nothing() -> None:
    """A file that looks encrypted and is not must not come to be."""
    sink = io.BytesIO()
    with pytest.raises(ArchivePassphraseError), age_encrypted(sink, ""):
        pass
    assert sink.getvalue() == b""


def test_a_failed_export_leaves_a_file_that_nothing_accepts() -> None:
    """Without the last chunk, every reader reports a truncated file."""
    sink = io.BytesIO()

    def export() -> None:
        with age_encrypted(sink, "x") as writer:
            writer.write(bytes(3 * _CHUNK))
            raise OSError("disk")

    with pytest.raises(OSError, match="disk"):
        export()
    with pytest.raises(ArchiveDamaged, match="cut off"):
        decrypted(sink.getvalue(), "x")


def test_truncation_anywhere_is_found() -> None:
    """R02: cut at every byte of the header and at points all over the chunks."""
    sealed = encrypted(os.urandom(3 * _CHUNK))
    chunk = _CHUNK + 16
    header = len(sealed) - 3 * chunk
    cuts = {*range(header + 40), *range(header, len(sealed), 1009), header + chunk, len(sealed) - 1}
    for cut in sorted(cuts):
        with pytest.raises(ArchiveDamaged):
            decrypted(sealed[:cut])
    with pytest.raises(ArchiveDamaged):
        decrypted(sealed + b"\0")


def test_every_flipped_bit_is_found() -> None:
    """R03: no bit of an encrypted file can change unseen."""
    sealed = encrypted(b"some rows", step=4)
    for index in range(len(sealed)):
        for bit in range(8):
            flipped = bytearray(sealed)
            flipped[index] ^= 1 << bit
            with pytest.raises(ArchiveError):
                decrypted(bytes(flipped))


def test_chunks_cannot_be_exchanged_or_left_out() -> None:
    """The number of a chunk is part of its nonce."""
    sealed = encrypted(os.urandom(3 * _CHUNK))
    chunk = _CHUNK + 16
    header = len(sealed) - 3 * chunk
    first, second, third = (sealed[header + chunk * i : header + chunk * (i + 1)] for i in range(3))
    for order in ((second, first, third), (first, third), (first, second, second, third)):
        with pytest.raises(ArchiveDamaged):
            decrypted(sealed[:header] + b"".join(order))


def test_a_file_cannot_demand_gigabytes_for_its_key() -> None:
    """R59: the work factor is capped before memory is taken for it."""
    lines = encrypted(b"x").split(b"\n")
    lines[1] = lines[1].rsplit(b" ", 1)[0] + b" 30"
    with pytest.raises(ArchiveRefused, match="would take 1048576 MiB of memory, at most 256 MiB"):
        decrypted(b"\n".join(lines))


def test_the_cap_on_the_key_can_be_raised() -> None:
    """Whoever trusts a file can open what another program made with more work."""
    data = encrypted(b"x")
    with pytest.raises(ArchiveRefused):
        list(decrypt(io.BytesIO(data), "correct horse", limits=ArchiveLimits(scrypt_log_n=3)))


def test_files_for_a_key_pair_and_in_text_form_are_named_for_what_they_are(tmp_path: Path) -> None:
    """Both sentences say how to go on."""
    recipient = pyrage.x25519.Identity.generate().to_public()
    for armored, kind in ((False, "encrypted to a key"), (True, "in its text form")):
        path = tmp_path / f"{armored}.zip.age"
        path.write_bytes(pyrage.encrypt(b"x", [recipient], armored=armored))
        with (
            pytest.raises(ArchiveError, match=kind) as caught,
            open_archive(path, passphrase="x", scratch_dir=tmp_path),
        ):
            pass
        assert "age -d" in str(caught.value.hint)


def test_a_full_scratch_directory_is_told_before_anything_is_used(tmp_path: Path) -> None:
    """R36: decryption that runs out of space says so."""
    path = tmp_path / "backup.zip.age"
    path.write_bytes(encrypted(bytes(4 * 2**20)))
    script = (
        "import resource, signal, sys, pathlib\n"
        "from holdfast.archive import open_archive\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (2**20, 2**20))\n"
        "p = pathlib.Path(sys.argv[1])\n"
        "try:\n"
        "    with open_archive(p, passphrase='correct horse', scratch_dir=p.parent): pass\n"
        "except Exception as error: print(type(error).__name__)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, str(path)],
        capture_output=True,
        text=True,
        check=True,
        timeout=600,
    )
    assert done.stdout == "NotEnoughSpace\n"

"""Opens every hostile archive of the corpus under limits of memory and time.

Run as `python -m tests.archive.hostile_child DIRECTORY`; prints what happened as JSON.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from pathlib import Path

from holdfast.archive import open_archive
from holdfast.errors import ArchiveError
from tests.archive.forge import corpus, honest

ADDRESS_SPACE_BYTES = 400 * 2**20
CPU_S = 60
FILE_BYTES = 64 * 2**20


def peak_kib() -> int:
    """Return the most memory that this program had.

    Not `ru_maxrss`: that begins with the memory of the process which started this one.
    """
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition("VmHWM:")[2].split()[0])


def main(directory: Path) -> None:
    """Open them all and report."""
    resource.setrlimit(resource.RLIMIT_AS, (ADDRESS_SPACE_BYTES, ADDRESS_SPACE_BYTES))
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_S, CPU_S))
    resource.setrlimit(resource.RLIMIT_FSIZE, (FILE_BYTES, FILE_BYTES))
    path = directory / "hostile.zip"
    opened: list[str] = []
    failed: list[str] = []
    slowest_s = 0.0
    count = 0
    for label, data in corpus():
        path.write_bytes(data)
        count += 1
        began = time.perf_counter()
        try:
            with open_archive(path, scratch_dir=directory):
                opened.append(label)
        except ArchiveError:
            pass
        except Exception as error:  # noqa: BLE001 - any other error is the finding
            failed.append(f"{label}: {error!r}")
        slowest_s = max(slowest_s, time.perf_counter() - began)
    path.write_bytes(honest())
    with open_archive(path, scratch_dir=directory) as archive:
        names = [name for name, _ in archive.walk("")]
    path.unlink()
    print(
        json.dumps(
            {
                "count": count,
                "opened": opened,
                "failed": failed,
                "slowest_s": slowest_s,
                "peak_bytes": peak_kib() * 1024,
                "honest": names,
                "left": sorted(str(left) for left in directory.iterdir()),
            }
        )
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]))

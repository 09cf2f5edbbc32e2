"""The routes are loaded when they are asked for, and a package that is missing is named."""

from __future__ import annotations

import json
import subprocess
import sys


def run_child(code: str) -> str:
    """Run code in a new interpreter, in which nothing was imported yet."""
    command = [sys.executable, "-W", "error", "-c", code]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def test_a_missing_package_is_named() -> None:
    told = run_child(
        "import sys\n"
        "sys.modules['fastapi'] = None\n"
        "from holdfast import BackupService, HoldfastError\n"
        "try:\n    BackupService().router(auth=print)\n"
        "except HoldfastError as error:\n    print(error.code, error.hint)\n"
    )
    assert told == "extra-missing Install it with: pip install 'holdfast[fastapi]'\n"


def test_a_service_loads_no_web() -> None:
    code = (
        "import sys, json\n"
        "from holdfast import BackupService\nimport holdfast.web\n"
        "BackupService()\n"
        "print(json.dumps(sorted(sys.modules)))"
    )
    loaded = set(json.loads(run_child(code)))
    assert not loaded & {"fastapi", "starlette", "pydantic", "prometheus_client", "sqlalchemy"}

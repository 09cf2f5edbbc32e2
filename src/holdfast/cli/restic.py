"""How to go on with `restic` alone: nobody depends on Holdfast to get their data back."""

from __future__ import annotations

import shlex

from holdfast.cli.context import Context


def note_restic(context: Context, *, encrypted: bool, snapshot: str = "latest") -> None:
    """Say how restic reads this repository, where it was named without a configuration."""
    if not context.without_configuration:
        return
    repository = shlex.quote(str(context.settings.repository))
    # restic opens the empty password only when it is told to (0.17 and newer).
    option = "" if encrypted else " --insecure-no-password"
    restic = f"  restic -r {repository}{option}"
    context.console.note(
        "\nThe repository is in restic's format; restic alone reads it too:\n"
        f"{restic} snapshots\n"
        f"{restic} restore {snapshot} --target ./restored"
    )

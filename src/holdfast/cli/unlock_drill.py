"""Asking for the recovery key, from paper or out of a kit, and trying it."""

from __future__ import annotations

import sys
from pathlib import Path

from holdfast.cli.context import Context
from holdfast.cli.reminders import escrow_status
from holdfast.errors import (
    ConfigError,
    PasswordMissing,
    RecoveryKeyForeign,
    RecoveryKeyMistyped,
    WrongPassword,
)
from holdfast.operations.escrow import UnlockDrill
from holdfast.operations.recovery_kit import MAX_KIT_BYTES, KitContent, read_recovery_kit
from holdfast.service import BackupService

_ATTEMPTS = 3


def drill_unlock(context: Context) -> UnlockDrill:
    """Prove that what is kept elsewhere opens the repository; the configured password is not used.

    Raises:
        PasswordMissing: Nothing was given.
        HoldfastError: As `BackupService.drill_unlock` says.
    """
    # The password of this machine is exactly what must not help here.
    service = BackupService(backup_dir=context.settings.repository)
    if context.arguments.kit is not None:
        return _try_kit(service, _read_kit(context.arguments.kit))
    status = escrow_status(context)
    what = "Password that is kept elsewhere"
    if status.recovery_keys:
        what = f"Recovery key ({' or '.join(f'{name}-...' for name in status.recovery_keys)})"
    if not context.prompts.terminal:
        raise PasswordMissing(
            f"{what}: none was given, and there is no terminal to ask on",
            hint="Name its kit with --kit FILE, or pass it on standard input with --kit -.",
        )
    return _ask(context, service, what)


def _ask(context: Context, service: BackupService, what: str) -> UnlockDrill:
    for left in reversed(range(_ATTEMPTS)):
        try:
            return service.drill_unlock(context.prompts.secret(what))
        except (RecoveryKeyMistyped, WrongPassword) as error:
            if not left:
                raise
            context.console.complain(error.message, error.hint)
    raise AssertionError("unreachable")


def _try_kit(service: BackupService, kit: KitContent) -> UnlockDrill:
    try:
        return service.drill_unlock(kit.secret)
    except RecoveryKeyForeign as error:
        if kit.repository_id is None:
            raise
        raise RecoveryKeyForeign(
            f"{error.message}; its kit is of the repository {kit.repository_id[:10]}",
            hint=error.hint,
        ) from error


def _read_kit(name: str) -> KitContent:
    where = "standard input" if name == "-" else name
    try:
        if name == "-":
            data = sys.stdin.buffer.read(MAX_KIT_BYTES + 1)
        else:
            with Path(name).expanduser().open("rb") as file:
                data = file.read(MAX_KIT_BYTES + 1)
        text = data.decode()
    except OSError as error:
        raise ConfigError(
            f"The kit {where} cannot be read: {error.strerror}",
            hint="Check the path and its permissions.",
        ) from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"The kit {where} is not a text") from error
    if len(data) > MAX_KIT_BYTES:
        raise ConfigError(f"The kit {where} is longer than {MAX_KIT_BYTES} bytes")
    kit = read_recovery_kit(text)
    if not kit.secret:
        raise PasswordMissing(f"The kit {where} holds no key", hint="Name the file of the kit.")
    return kit

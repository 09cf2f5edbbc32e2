"""What a command gets: its arguments, the settings, the service, and the person's attention."""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from holdfast.cli.console import Console
from holdfast.cli.interruption import Interruption
from holdfast.cli.progress import ProgressDisplay
from holdfast.cli.prompts import Prompts
from holdfast.config import (
    Configuration,
    Layer,
    PasswordSource,
    Settings,
    load_configuration,
    load_plans,
    read_password,
)
from holdfast.models.progress import CancellationToken, ProgressCallback, no_progress

if TYPE_CHECKING:
    from holdfast.service import BackupService


class Context:
    """One run of one command."""

    def __init__(self, arguments: Namespace, console: Console, interruption: Interruption) -> None:
        self.arguments = arguments
        self.console = console
        self.prompts = Prompts(console, interruption)
        self.interruption = interruption

    @cached_property
    def configuration(self) -> Configuration:
        """The settings with their origins; warnings about them are said once."""
        config = self.arguments.config
        configuration = load_configuration(
            flags=self.arguments.flags,
            config_file=Path(config) if config else None,
            plan=self.arguments.plan,
        )
        for warning in configuration.warnings:
            self.console.warn(warning)
        return configuration

    def plans(self) -> tuple[Configuration, ...]:
        """Return the settings of every plan; warnings about them are said once."""
        config = self.arguments.config
        found = load_plans(flags=self.arguments.flags, config_file=Path(config) if config else None)
        for warning in dict.fromkeys(each for plan in found for each in plan.warnings):
            self.console.warn(warning)
        return found

    @property
    def settings(self) -> Settings:
        """The settings."""
        return self.configuration.settings

    @cached_property
    def service(self) -> BackupService:
        """The service for these settings. Nothing is opened yet."""
        from holdfast.service import BackupService

        source = self.settings.encryption.password
        return BackupService.from_settings(
            self.settings,
            password=read_password(source) if source else None,
            ask_password=self.prompts.repository_password,
        )

    @property
    def cancel(self) -> CancellationToken:
        """The token that Ctrl-C and SIGTERM set; only for work that watches it."""
        return self.interruption.token

    @contextmanager
    def progress(self) -> Iterator[ProgressCallback]:
        """Show progress while the block runs, where it is wanted."""
        if self.console.quiet or self.console.json:
            yield no_progress
            return
        from holdfast.cli.warnings_said import warnings_said

        display = ProgressDisplay(self.console.err)
        try:
            with warnings_said(self.console, display):
                yield display
        finally:
            display.close()

    @property
    def without_configuration(self) -> bool:
        """Whether a repository was named by hand, with no configuration file: a disaster?"""
        configuration = self.configuration
        return (
            configuration.file is None and configuration.origins["repository"].layer is Layer.FLAG
        )

    def confirm(self, question: str) -> None:
        """Ask before a destructive act, unless `--yes` answered.

        Raises:
            ConfirmationRequired: The answer was no, or there is nobody to ask.
        """
        if not self.arguments.yes:
            self.prompts.confirm(question)

    def warn_all(self, warnings: Sequence[str]) -> None:
        """Say warnings that came with a result; with `--json` they are in the document."""
        if not self.console.json:
            for warning in warnings:
                self.console.warn(warning)


def secret_from(file: str | None, command: str | None, name: str) -> str | None:
    """Read a secret that `--<name>-file` or `--<name>-command` points to; None if neither."""
    if file is not None:
        return read_password(PasswordSource.of_file(Path(file).expanduser(), f"--{name}-file"))
    if command is not None:
        return read_password(PasswordSource.of_command(command, f"--{name}-command"))
    return None

"""What one server is made of: its settings, the services of its plans, and the catalog of all."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from holdfast.catalog import CatalogDatabase
from holdfast.clock import Clock, SystemClock
from holdfast.config import (
    LOOPBACK_NAMES,
    Configuration,
    OidcSettings,
    ServerSettings,
    Settings,
    read_password,
)
from holdfast.errors import ConfigError
from holdfast.models.schedule import BackupConfig
from holdfast.service import BackupService

_ALL_ADDRESSES = frozenset({"", "0.0.0.0", "::"})  # noqa: S104 - to refuse them


@dataclass(frozen=True)
class Installation:
    """One server.

    Attributes:
        plans: The settings of each plan by its name; the first is also served without its name.
        services: Their services.
        database: The catalog of jobs and users.
        directory: Where files beside the catalog are.
    """

    server: ServerSettings
    oidc: OidcSettings
    plans: Mapping[str, Settings]
    services: Mapping[str, BackupService]
    database: CatalogDatabase
    directory: Path
    clock: Clock

    @classmethod
    def of(
        cls, configurations: Sequence[Configuration], *, clock: Clock | None = None
    ) -> Installation:
        """Make one of the configuration of each plan; opens nothing.

        Raises:
            ConfigError: Two plans have one name, or a password cannot be read.
        """
        clock = clock or SystemClock()
        plans = {each.settings.plan: each.settings for each in configurations}
        if len(plans) < len(configurations):
            raise ConfigError(
                "Two plans have the same name", hint="Call the plan at the top: plan = NAME."
            )
        services = {name: _service(settings, clock) for name, settings in plans.items()}
        first = next(iter(plans.values()))
        state = next(iter(services.values())).state_dir
        database = CatalogDatabase(
            first.server.catalog or f"sqlite:///{state}/catalog.db", clock=clock
        )
        directory = state if database.path is None else database.path.parent
        return cls(first.server, first.oidc, plans, services, database, directory, clock)

    @cached_property
    def url(self) -> str:
        """The address of the server as it is typed on its machine."""
        host = "localhost" if self.server.host in _ALL_ADDRESSES else self.server.host
        shown = f"[{host}]" if ":" in host else host
        scheme = "https" if self.server.tls_certificate else "http"
        return f"{scheme}://{shown}:{self.server.port}{self.server.root_path}/"

    @cached_property
    def hosts(self) -> frozenset[str]:
        """The names that requests may be for."""
        own = set() if self.server.host in _ALL_ADDRESSES else {self.server.host}
        local = LOOPBACK_NAMES if self.is_local or not self.server.allowed_hosts else set()
        return frozenset({*self.server.allowed_hosts, *own, *local})

    @property
    def is_local(self) -> bool:
        """Whether only this machine can reach the server."""
        host = self.server.host
        return host in LOOPBACK_NAMES or host.startswith("127.")

    def require_safe(self) -> None:
        """Insist that passwords do not cross a network in the clear, and that names are known.

        Raises:
            ConfigError: They would, or are not.
        """
        server = self.server
        if (server.tls_certificate is None) != (server.tls_key is None):
            raise ConfigError(
                "HTTPS needs both a certificate and its key",
                hint="Set tls_certificate and tls_key in [server].",
            )
        if self.is_local:
            return
        if not (server.tls_certificate or server.trusted_proxies or server.allow_http):
            raise ConfigError(
                f"On {server.host} passwords would cross the network in the clear",
                hint="Set tls_certificate and tls_key, or trusted_proxies for a proxy that speaks"
                " HTTPS, or listen on 127.0.0.1; --allow-http does it all the same.",
            )
        if not server.allowed_hosts:
            raise ConfigError(
                f"The server listens on {server.host} and does not know which names it has there",
                hint="Give them with --allowed-host or as allowed_hosts in [server].",
            )


def schedule_of(settings: Settings) -> BackupConfig:
    """Return the schedule of a plan as the configuration has it."""
    return BackupConfig(
        enabled=settings.schedule.enabled,
        schedule=settings.schedule.cron,
        retention_days=settings.retention.retention_days,
        max_backups=settings.retention.max_backups,
        encryption_enabled=settings.encryption.enabled,
        compression_enabled=settings.compression.enabled,
        verify_after_create=settings.verify_after_create,
        timezone=settings.schedule.timezone,
        misfire="skip" if settings.schedule.misfire == "skip" else "run_once",
    )


def setup_message(installation: Installation, token: str) -> str:
    """Say how the server is set up, with the token: for the console only."""
    return (
        f"There are no users yet. Open {installation.url} and make the first administrator with"
        f" this set-up token, which works once:\n\n    {token}\n"
    )


def _service(settings: Settings, clock: Clock) -> BackupService:
    source = settings.encryption.password
    return BackupService.from_settings(
        settings, password=read_password(source) if source else None, clock=clock
    )

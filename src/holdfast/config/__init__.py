"""Settings: flags over environment over `holdfast.toml` over defaults.

The only room that reads the environment. `load_configuration` gives a `Configuration`: the
frozen `Settings` and where each of them came from.
"""

from holdfast.config.description import SettingDescription, describe
from holdfast.config.environment import child_environment, pass_on, read_environment, wants_no_color
from holdfast.config.load import Configuration, Layer, Origin, load_configuration, load_plans
from holdfast.config.secret import PasswordSource, read_password
from holdfast.config.settings import (
    DEFAULT_EVENTS,
    NOTIFIED_EVENTS,
    ChannelSettings,
    CompressionSettings,
    DatabaseSettings,
    DirectorySettings,
    EncryptionSettings,
    MigrationSettings,
    OidcSettings,
    RestoreSettings,
    RetentionSettings,
    ScheduleSettings,
    ServerSettings,
    Settings,
    SettingsTable,
)
from holdfast.config.values import LOOPBACK_NAMES, ROLES, SERVER_SCHEMES, database_url

__all__ = [
    "DEFAULT_EVENTS",
    "LOOPBACK_NAMES",
    "NOTIFIED_EVENTS",
    "ROLES",
    "SERVER_SCHEMES",
    "ChannelSettings",
    "CompressionSettings",
    "Configuration",
    "DatabaseSettings",
    "DirectorySettings",
    "EncryptionSettings",
    "Layer",
    "MigrationSettings",
    "OidcSettings",
    "Origin",
    "PasswordSource",
    "RestoreSettings",
    "RetentionSettings",
    "ScheduleSettings",
    "ServerSettings",
    "SettingDescription",
    "Settings",
    "SettingsTable",
    "child_environment",
    "database_url",
    "describe",
    "load_configuration",
    "load_plans",
    "pass_on",
    "read_environment",
    "read_password",
    "wants_no_color",
]

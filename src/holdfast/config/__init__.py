"""Settings: flags over environment over `holdfast.toml` over defaults.

The only room that reads the environment. `load_configuration` gives a `Configuration`: the
frozen `Settings` and where each of them came from.
"""

from holdfast.config.description import SettingDescription, describe
from holdfast.config.environment import read_environment, wants_no_color
from holdfast.config.load import Configuration, Layer, Origin, load_configuration
from holdfast.config.secret import PasswordSource, read_password
from holdfast.config.settings import (
    CompressionSettings,
    DatabaseSettings,
    DirectorySettings,
    EncryptionSettings,
    MigrationSettings,
    RestoreSettings,
    RetentionSettings,
    ScheduleSettings,
    Settings,
    SettingsTable,
)
from holdfast.config.values import SERVER_SCHEMES, database_url

__all__ = [
    "SERVER_SCHEMES",
    "CompressionSettings",
    "Configuration",
    "DatabaseSettings",
    "DirectorySettings",
    "EncryptionSettings",
    "Layer",
    "MigrationSettings",
    "Origin",
    "PasswordSource",
    "RestoreSettings",
    "RetentionSettings",
    "ScheduleSettings",
    "SettingDescription",
    "Settings",
    "SettingsTable",
    "database_url",
    "describe",
    "load_configuration",
    "read_environment",
    "read_password",
    "wants_no_color",
]

"""Key/value settings of an application, kept in a backup as `settings.json`."""

from holdfast.sources.settings.provider import SettingsProvider
from holdfast.sources.settings.source import SettingsSource

__all__ = ["SettingsProvider", "SettingsSource"]

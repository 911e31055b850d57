"""TOML, environment and credentials in; one frozen `Settings`, or every problem at once, out."""

from liqwatch.config.load import LoadedSettings, load_settings
from liqwatch.config.settings import Settings

__all__ = ["LoadedSettings", "Settings", "load_settings"]

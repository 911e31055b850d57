"""liqwatch: a liquidation watch for leveraged crypto positions."""

__version__ = "0.1.0"

"""The desk: the one place where people's answers and questions arrive, from a chat or from the control socket.

`front` takes them, `answers` and `silences` decide, `views`, `stress` and `report` tell what is, `echo` shows an
answer in the other conversations, `control` serves the command line.
"""

from liqwatch.engine.desk.front import Desk

__all__ = ["Desk"]

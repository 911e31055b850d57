"""How far an attempt has come, told by the thread that makes it to the loop that waits for it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Progress:
    """`is_handed_over`: words have left this machine. `is_unseen`: a service is at work in a way nobody can follow.

    Written by one thread and read by another: single flags need no lock.
    """

    is_handed_over: bool = False
    is_unseen: bool = False

    @property
    def may_have_arrived(self) -> bool:
        """Without that, a lost answer loses nothing: the attempt can be made again."""
        return self.is_handed_over or self.is_unseen

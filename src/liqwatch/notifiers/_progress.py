"""How far an attempt has come, told by the thread that makes it to the loop that waits for it."""

from __future__ import annotations

from dataclasses import dataclass


class GivenUpError(ConnectionAbortedError):
    """The attempt has been given up before it came to its words."""


@dataclass(slots=True)
class Progress:
    """`is_handed_over`: words have left this machine. `is_unseen`: a service is at work in a way nobody can follow.

    `is_given_up`: nobody waits any more, and the attempt counts as failed; it shall not succeed afterwards.
    Written by one thread and read by another: single flags need no lock.
    """

    is_handed_over: bool = False
    is_unseen: bool = False
    is_given_up: bool = False

    def hand_over(self) -> None:
        """Words are about to leave; raises `GivenUpError` where they must not any more.

        Each side first says what it does and then looks at the other: of both, one sees it.
        """
        self.is_handed_over = True
        if self.is_given_up:
            raise GivenUpError

    @property
    def may_have_arrived(self) -> bool:
        """Without that, a lost answer loses nothing: the attempt can be made again."""
        return self.is_handed_over or self.is_unseen

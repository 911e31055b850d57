"""Every sentence, and every part of one, that rules and engine write in plain English: what catalogues translate.

A field of one letter stands for one word, a figure or a name: `{a}` is the first of them, `{b}` the second. A field
with a longer name stands for anything, and what is known of that is translated in turn (`lifting.py`). A test runs the
rules over many sights and misses here what they say.
"""

from __future__ import annotations

from liqwatch.alerts.phrasebook.advice import ADVICE
from liqwatch.alerts.phrasebook.details import CAUSES, DETAIL, FLAWS, LEVELS, PLACES
from liqwatch.alerts.phrasebook.headlines import HEADLINES
from liqwatch.alerts.phrasebook.reasons import REASONS_WHY_UNKNOWN
from liqwatch.alerts.phrasebook.told import CHANGES, ENDINGS, ERRORS, SUBJECTS, TOLD_BY_THE_ENGINE, VENUE_NOTICES

PHRASES: tuple[str, ...] = (
    *HEADLINES,
    *DETAIL,
    *CAUSES,
    *FLAWS,
    *PLACES,
    *LEVELS,
    *ADVICE,
    *ENDINGS,
    *TOLD_BY_THE_ENGINE,
    *VENUE_NOTICES,
    *CHANGES,
    *SUBJECTS,
    *ERRORS,
    *REASONS_WHY_UNKNOWN,
)

from __future__ import annotations

import re

import pytest
from hypothesis import given

from liqwatch.margin.assess import computed_liquidation_price
from liqwatch.margin.explain import explain
from liqwatch.margin.marked import MarkedPool
from liqwatch.testing.strategies import pools_with_marks


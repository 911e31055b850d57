from __future__ import annotations

from datetime import timedelta

import pytest
from pydantic_core import PydanticCustomError

from liqwatch.config.values import parse_duration, parse_fraction, parse_listen, parse_name, parse_symbol


@pytest.mark.parametrize(
    ("written", "read"),
    [("25%", 0.25), ("0.4 %", 0.004), ("100%", 1.0), (0.25, 0.25), (1, 1.0), ("0.08", 0.08), (".5", 0.5)],
)
def test_a_percentage_and_a_fraction_are_the_same_value(written: object, read: float) -> None:
    assert parse_fraction(written) == pytest.approx(read)


@pytest.mark.parametrize(
    ("written", "mend"),
    [
        (25, 'did you mean "25%"?'),
        (1.5, 'did you mean "1.5%"?'),
        ("25", 'did you mean "25%"?'),
        ("-3%", 'write "25%" or 0.25'),
        (0, 'write "25%" or 0.25'),
        ("0%", 'write "25%" or 0.25'),
        ("101%", 'write "25%" or 0.25'),
        (float("nan"), 'write "25%" or 0.25'),
        (float("inf"), 'write "25%" or 0.25'),
        ("a lot", 'write "25%" or 0.25'),
        (True, 'write "25%" or 0.25'),
        ([], 'write "25%" or 0.25'),
    ],
)
def test_what_is_no_fraction_is_refused_with_a_mend(written: object, mend: str) -> None:
    with pytest.raises(PydanticCustomError) as refusal:
        parse_fraction(written)
    assert refusal.value.type == "BAD_FRACTION"
    assert (refusal.value.context or {})["mend"] == mend


@pytest.mark.parametrize(
    ("written", "seconds"),
    [
        ("15s", 15),
        ("2h", 7200),
        ("1h30m", 5400),
        ("1h 30m", 5400),
        ("1d", 86_400),
        ("250ms", 0.25),
        ("0s", 0),
        (90, 90),
        (0.5, 0.5),
        ("90", 90),
        ("1.5m", 90),
    ],
)
def test_durations_are_read_in_every_unit(written: object, seconds: float) -> None:
    assert parse_duration(written) == timedelta(seconds=seconds)


@pytest.mark.parametrize("written", ["", "soon", "5 parsecs", "-5s", -1, "s", float("nan"), "400d", True, None])
def test_what_is_no_duration_is_refused(written: object) -> None:
    with pytest.raises(PydanticCustomError) as refusal:
        parse_duration(written)
    assert refusal.value.type == "BAD_DURATION"


@pytest.mark.parametrize("symbol", ["BTC/USDT:USDT", "1000PEPE/USDT:USDT", "BTC/USD:BTC-261225"])
def test_unified_symbols_are_taken_as_they_are(symbol: str) -> None:
    assert parse_symbol(symbol) == symbol


@pytest.mark.parametrize(
    ("written", "mend"),
    [
        ("BTCUSDT", "`BTC/USDT:USDT`"),
        ("btc-usdt", "`BTC/USDT:USDT`"),
        ("ETH/USDC", "`ETH/USDC:USDC`"),
        ("BTC_USD", "`BTC/USD:BTC`"),
        ("btc/usdt:usdt", "`BTC/USDT:USDT`"),
        ("gold", "BASE/QUOTE:SETTLE"),
        ("", "BASE/QUOTE:SETTLE"),
    ],
)
def test_a_venue_s_own_name_of_a_market_is_answered_with_the_unified_one(written: str, mend: str) -> None:
    with pytest.raises(PydanticCustomError) as refusal:
        parse_symbol(written)
    assert mend in (refusal.value.context or {})["mend"]


@pytest.mark.parametrize("name", ["Main", "a__b", "9lives", "", "a b", "a.b", "-a"])
def test_names_that_an_environment_variable_cannot_spell_are_refused(name: str) -> None:
    with pytest.raises(PydanticCustomError):
        parse_name(name)


@pytest.mark.parametrize("address", ["9464", "host:", ":80", "host:0", "host:70000", "host:http"])
def test_a_listening_address_needs_host_and_port(address: str) -> None:
    with pytest.raises(PydanticCustomError):
        parse_listen(address)

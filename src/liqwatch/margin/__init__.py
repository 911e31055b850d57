"""Liquidation arithmetic: pure functions of positions, contracts and marks.

Notation, written once: a pool is worth `equity`, must hold `maintenance_margin`, and is liquidated
where the two meet. Everything a pool owns in one market is affine in a coordinate x: the mark price
for linear contracts, its reciprocal for inverse ones, with breaks where a leverage tier ends.
"""

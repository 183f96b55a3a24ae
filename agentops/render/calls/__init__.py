"""Test calls: their run, their reports, the scripts behind them."""

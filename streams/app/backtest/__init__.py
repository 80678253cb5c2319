"""`ember protocol backtest`: a protocol over history."""

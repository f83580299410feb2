"""Candles as an unmodified ccxt has them from the replay venue: only base URLs are overridden.

    python candles.py http://127.0.0.1:PORT TIMEFRAME,… SYMBOL…

Prints one JSON object: by symbol and timeframe the venue's time before it was asked, the rows of
fetch_ohlcv (floats), and what the venue said for each of them (exact text).
"""

import json
import pathlib
import sys

# how ccxt is pointed at another host is the replay venue's own test's affair
REPLAY = pathlib.Path(__file__).parents[4] / "crates/edge/replay/tests/ccxt"
sys.path.insert(0, str(REPLAY))
sys.dont_write_bytecode = True

import ccxt  # noqa: E402
from check import point_at  # noqa: E402


def main():
    base, timeframes, symbols = sys.argv[1], sys.argv[2].split(","), sys.argv[3:]
    exchange = point_at(ccxt.binance(), base)
    exchange.load_markets()
    seen = {}
    for symbol in symbols:
        of = seen[symbol] = {}
        for timeframe in timeframes:
            before = exchange.fetch_time()
            rows = exchange.fetch_ohlcv(symbol, timeframe, limit=1000)
            said = exchange.public_get_klines({
                "symbol": exchange.market(symbol)["id"],
                "interval": exchange.timeframes[timeframe],
                "startTime": rows[0][0],
                "limit": 1000,
            })
            of[timeframe] = {"before": before, "rows": rows, "said": said}
    print(json.dumps({"version": ccxt.__version__, "seen": seen}))


if __name__ == "__main__":
    main()

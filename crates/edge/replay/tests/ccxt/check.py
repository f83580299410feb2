"""An unmodified ccxt (and ccxt.pro) against the replay venue: only base URLs are overridden.

    python check.py http://127.0.0.1:PORT

Prints one JSON object with what ccxt understood; the caller compares it with the truth. Exits
with 1 and a traceback when ccxt could not make sense of an answer.
"""

import asyncio
import json
import sys

import ccxt
import ccxt.pro

SYMBOL = "BTC/USDT"


def point_at(exchange, base):
    """Sends every one of the exchange's hosts to `base`, paths kept."""

    def moved(url):
        scheme, rest = url.split("://", 1)
        path = rest[rest.index("/"):] if "/" in rest else ""
        target = base if scheme.startswith("http") else base.replace("http", "ws", 1)
        return target + path

    def walk(node):
        return {k: walk(v) if isinstance(v, dict) else moved(v) for k, v in node.items()}

    exchange.urls["api"] = walk(exchange.urls["api"])
    return exchange


def rest(base):
    exchange = point_at(ccxt.binance(), base)
    markets = exchange.load_markets()
    newest = exchange.fetch_trades(SYMBOL, limit=50)
    candles = exchange.fetch_ohlcv(SYMBOL, "1m", limit=500)
    hours = exchange.fetch_ohlcv(SYMBOL, "1h", limit=24)
    since = exchange.fetch_ohlcv(SYMBOL, "1m", since=candles[100][0], limit=10)
    assert since == candles[100:110], "the same candles by time as by count"
    ticker = exchange.fetch_ticker(SYMBOL)
    tickers = exchange.fetch_tickers()
    bids_asks = exchange.fetch_bids_asks()
    book = exchange.fetch_order_book(SYMBOL, limit=20)
    time = exchange.fetch_time()
    try:
        exchange.public_get_depth({"symbol": "NOSUCH"})
        refused = None
    except ccxt.BadSymbol as error:
        refused = str(error)
    assert ticker["bid"] < ticker["ask"], ticker
    assert ticker["low"] <= ticker["last"] <= ticker["high"], ticker
    assert len(book["bids"]) == 20 and len(book["asks"]) == 20, book
    assert book["bids"][0][0] < book["asks"][0][0], book
    assert set(tickers) == set(markets) == set(bids_asks), (tickers.keys(), markets.keys())
    assert refused and "Invalid symbol" in refused, refused
    return {
        "markets": sorted(markets),
        "precision": markets[SYMBOL]["precision"],
        "trades": [
            [t["id"], t["timestamp"], t["info"].get("p", t["info"].get("price")),
             t["info"].get("q", t["info"].get("qty")), t["side"]]
            for t in newest
        ],
        "candles": candles,
        "hours": hours,
        "time": time,
    }


async def live(base):
    exchange = point_at(ccxt.pro.binance(), base)
    try:
        trades = []
        while len(trades) < 20:
            trades += await asyncio.wait_for(exchange.watch_trades(SYMBOL), 30)
        books = 0
        for _ in range(20):
            book = await asyncio.wait_for(exchange.watch_order_book(SYMBOL), 30)
            assert book["bids"][0][0] < book["asks"][0][0], "a crossed book"
            books += 1
        ticker = await asyncio.wait_for(exchange.watch_ticker(SYMBOL), 30)
        assert ticker["symbol"] == SYMBOL and ticker["last"] > 0, ticker
        candles = await asyncio.wait_for(exchange.watch_ohlcv(SYMBOL, "1m"), 30)
        ids = sorted({int(t["id"]) for t in trades})
        return {
            "live_ids": ids,
            "live_prices": {t["id"]: t["info"]["p"] for t in trades},
            "books": books,
            "live_candles": len(candles),
        }
    finally:
        await exchange.close()


def main():
    base = sys.argv[1]
    seen = rest(base)
    seen.update(asyncio.run(live(base)))
    seen["version"] = ccxt.__version__
    print(json.dumps(seen))


if __name__ == "__main__":
    main()

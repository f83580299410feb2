"""TA-Lib beside `benches/benches/indicators.rs`: the same bars, ns a bar, one thread.

pip install TA-Lib numpy; python benches/peers/indicators_talib.py [BARS ...]
"""
import statistics, sys, time
import numpy as np
import talib as t

U = np.uint64


def noise(seed, n):
    with np.errstate(over="ignore"):
        z = U(seed) + np.arange(1, n + 1, dtype=U) * U(0x9E3779B97F4A7C15)
        z = (z ^ (z >> U(30))) * U(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> U(27))) * U(0x94D049BB133111EB)
        return z ^ (z >> U(31))


def bits(x, shift, mask):
    return ((x >> U(shift)) & U(mask)).astype(np.int64)


def bars(n):
    h, k = noise(1, n), noise(2, n)
    steps = (np.bitwise_count(h & U(0xFFFFFFFF)).astype(np.int64) - 16) * 883
    walk = 4_000_000 + np.cumsum(steps + bits(k, 32, 0x3FF) + bits(k, 42, 0x3FF) - 1023)
    close = 1_000_000 + 10_000_000 - np.abs(np.mod(walk, 20_000_000) - 10_000_000)
    open_ = np.concatenate([[5_000_000], close[:-1]]) + bits(k, 52, 0x1FF) - 256
    high = np.maximum(open_, close) + bits(h, 32, 0x7FF)
    low = np.minimum(open_, close) - bits(h, 44, 0x7FF)
    return high / 100.0, low / 100.0, close / 100.0, (1 + bits(k, 0, 0xFFFFF)) / 1000.0


for n in [int(a) for a in sys.argv[1:]] or [1_000, 100_000, 1_000_000]:
    h, l, c, v = bars(n)
    cases = {
        "sma20": lambda: t.SMA(c, 20), "ema20": lambda: t.EMA(c, 20), "wma20": lambda: t.WMA(c, 20),
        "rsi14": lambda: t.RSI(c, 14), "macd12_26_9": lambda: t.MACD(c, 12, 26, 9),
        "bbands20_2": lambda: t.BBANDS(c, 20, 2.0, 2.0, 0), "atr14": lambda: t.ATR(h, l, c, 14),
        "trange": lambda: t.TRANGE(h, l, c), "stoch5_3_3": lambda: t.STOCH(h, l, c, 5, 3, 0, 3, 0),
        "stoch14_3_3": lambda: t.STOCH(h, l, c, 14, 3, 0, 3, 0), "adx14": lambda: t.ADX(h, l, c, 14),
        "obv": lambda: t.OBV(c, v), "vwap_start": lambda: t.VWAP(h, l, c, v)}
    for name, run in cases.items():
        run()
        taken = []
        for _ in range(11 if n > 10_000 else 101):
            start = time.perf_counter()
            run()
            taken.append((time.perf_counter() - start) / n * 1e9)
        print(f"{name:12} {n:>9} bars: {statistics.median(taken):6.2f} ns a bar (best {min(taken):.2f})", flush=True)

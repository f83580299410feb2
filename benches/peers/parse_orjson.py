"""orjson beside `benches/benches/codec.rs`: trades and depth of Binance's combined streams, to dict and to numbers.

pip install orjson; python benches/peers/parse_orjson.py
"""
import os, time
import orjson

TRADE = b'{"stream":"btcusdt@trade","data":{"e":"trade","E":1723161255343,"s":"BTCUSDT","t":%d,"p":"61837.63000000","q":"0.02000000","T":1723161255342,"m":true,"M":true}}'
LEVELS = b",".join(b'["%d.40000000","0.12345000"]' % (61000 + i) for i in range(18))
DEPTH = b'{"stream":"btcusdt@depth@100ms","data":{"e":"depthUpdate","E":1723161255208,"s":"BTCUSDT","U":%d,"u":%d,"b":[' + LEVELS + b'],"a":[' + LEVELS + b"]}}"


def trade(d):
    d = d["data"]
    return d["T"], float(d["p"]), float(d["q"]), d["m"]


def depth(d):
    d = d["data"]
    return [(float(p), float(q)) for p, q in d["b"]], [(float(p), float(q)) for p, q in d["a"]]


for name, frames, numbers in (
    ("trade", [TRADE % (3_735_683_259 + i) for i in range(200_000)], trade),
    ("depth", [DEPTH % (i, i) for i in range(20_000)], depth),
):
    for what, take in (("to dict", lambda d: d), ("to numbers (float)", numbers)):
        best = 1e9
        for _ in range(5):
            start = time.process_time()
            for frame in frames:
                take(orjson.loads(frame))
            best = min(best, time.process_time() - start)
        print(f"  beside: orjson {orjson.__version__}, {name} {what}: {len(frames) / best / 1e6:.2f} M/s by CPU time; load {os.getloadavg()[0]:.2f}")

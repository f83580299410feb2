"""sqlite beside `benches/benches/prices.rs`: the newest price of N symbols from a table that is kept, in memory.

python3 benches/peers/prices_sqlite.py [SYMBOLS ...]
"""
import os, sqlite3, sys, time

for n in [int(a) for a in sys.argv[1:]] or [10, 100, 1000]:
    db = sqlite3.connect(":memory:")
    db.execute("create table latest (symbol text primary key, price real, bid real, ask real, time integer) without rowid")
    db.executemany("insert into latest values (?, ?, ?, ?, ?)", [(f"binance:S{i:03}/USDT", 100.0 + i, 99.0 + i, 101.0 + i, i) for i in range(n)])
    took = []
    for _ in range(2000):
        start = time.perf_counter()
        rows = db.execute("select symbol, price, bid, ask, time from latest").fetchall()
        took.append(time.perf_counter() - start)
        assert len(rows) == n
    took.sort()
    print(f"  beside: sqlite {sqlite3.sqlite_version}, {n} symbols: p50 {took[1000] * 1e3:.4f} ms, p99 {took[1980] * 1e3:.4f} ms; load {os.getloadavg()[0]:.2f}")

"""duckdb beside `benches/benches/resample.rs`: trades to 1m candles from Parquet (zstd), two threads.

pip install duckdb pyarrow numpy; python benches/peers/resample_duckdb.py [ROWS ...]
"""
import os, sys, tempfile, time
import duckdb, numpy as np, pyarrow as pa, pyarrow.parquet as pq

rng = np.random.default_rng(5)
with tempfile.TemporaryDirectory() as folder:
    for rows in [int(a) for a in sys.argv[1:]] or [500_000, 2_000_000, 8_000_000]:
        for symbols in (1, 1000):
            step = 262_000 if symbols == 1 else 860
            columns = {
                "ts": 1_700_000_000_000_000 + np.cumsum(rng.integers(0, 2 * step, rows)) // 1000 * 1000,
                "price": (4_000_000 + np.cumsum(rng.integers(-8, 9, rows))) / 100,
                "qty": rng.integers(1, 65_536, rows) / 100_000,
            }
            if symbols > 1:
                columns["sym"] = rng.integers(0, symbols, rows).astype(np.int32)
            path = os.path.join(folder, "trades.parquet")
            pq.write_table(pa.table(columns), path, compression="zstd", row_group_size=1_000_000)
            key = "sym, " if symbols > 1 else ""
            query = (
                f"select {key}ts // 60000000 as minute, first(price), max(price), min(price), last(price), sum(qty), count(*)"
                f" from '{path}' group by {key}minute"
            )
            db = duckdb.connect()
            db.execute("set threads = 2")
            best = (1e9, 1e9)
            for _ in range(7):
                wall, cpu = time.perf_counter(), time.process_time()
                got = db.execute(query).fetchnumpy()
                best = min(best, (time.perf_counter() - wall, time.process_time() - cpu))
            print(
                f"  beside: duckdb {duckdb.__version__}, {symbols} symbols, {rows} trades: {rows / best[0] / 1e6:.0f} M rows/s by wall,"
                f" {rows / best[1] / 1e6:.0f} by CPU time of one core, {len(got['minute'])} candles; load {os.getloadavg()[0]:.2f}"
            )

"""Reads a store's Parquet files with DuckDB and Polars and checks that both say the same."""
import sys
from decimal import Decimal
from pathlib import Path

import duckdb
import polars

folder = Path(sys.argv[1])
trades = sorted(folder.glob("trades/venue=*/*.parquet"))
candles = sorted(folder.glob("candles/timeframe=1m/venue=*/*.parquet"))
assert trades and candles, "no files"

con = duckdb.connect()
con.execute("set timezone = 'UTC'")
everything = f"read_parquet('{folder}/trades/**/*.parquet', union_by_name = true, hive_partitioning = true)"
rows, known, least, greatest, venue, symbols = con.execute(
    f"select count(*), count(taker_buy), epoch_ms(min(time)), epoch_ms(max(time)), min(venue), count(distinct symbol) from {everything}"
).fetchone()
assert (venue, symbols) == ("x", 2), (venue, symbols)

# file by file, both tools give the same exact decimals
total = Decimal(0)
polars_rows = 0
for path in trades:
    theirs = polars.read_parquet(path, hive_partitioning=False)
    ours = con.execute(f"select sum(price), sum(quantity), count(*), sum(id) from read_parquet('{path}')").fetchone()
    assert ours[0] == sum(theirs["price"].to_list()), path
    assert ours[1] == sum(theirs["quantity"].to_list()), path
    assert ours[2] == len(theirs) and ours[3] == theirs["id"].sum(), path
    assert theirs["time"].dtype.time_zone == "UTC"
    total += ours[0]
    polars_rows += len(theirs)
assert polars_rows == rows
print("trades", rows, total, known, least, greatest)

bars = con.execute(
    f"select count(*), max(close), min(state), max(origin) from read_parquet('{folder}/candles/**/*.parquet', union_by_name = true)"
).fetchone()
print("candles", *bars)
assert bars == (300, Decimal("7.5"), 1, 0), bars
assert sum(len(polars.read_parquet(path, hive_partitioning=False)) for path in candles) == 300

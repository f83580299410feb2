#!/usr/bin/env python3
"""A soak: `quantflow up` for an hour on a market that is lively and breaks, with readers; is its memory flat?

    cargo build --release && python3 tests/soak/soak.py [--minutes 60] [--binary target/release/quantflow]

Another process replays a generated market at ten times its speed with drops, duplicates, reorderings and
a cut each minute; a reader asks for prices, candles, indicators and completeness ten times a second. Each
minute a line tells memory (looked at every 5 seconds: the median of what is private, its peak, what is resident), rows and
holes. When it is over, everything is made anew from the
raw log and compared (`rebuild --check`). It ends with 1 when that differs, or when the median of all looks of the
last quarter of the hour is more than 10 % above that of the second quarter: what a process needs at its start
to fill its caches is not growth, what it needs more each hour is. (A look each minute would fall on the cuts of
the sockets, which come each minute too, and see what a repair needs for a moment.)
"""
import argparse, json, os, pathlib, re, signal, statistics, subprocess, sys, tempfile, time, urllib.request


# Seconds between two looks at the memory.
LOOK = 5


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--binary", type=pathlib.Path, default=pathlib.Path("target/release/quantflow"))
    parser.add_argument("--speed", default="10", help="how many minutes of market go by in one; 24 make a day of an hour")
    return parser.parse_args()


def memory(pid):
    """Resident and private memory, MB."""
    text = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
    size = lambda name: sum(int(n) for n in re.findall(rf"^{name}:\s+(\d+) kB", text, re.M)) / 1024
    return size("Rss"), size("Private_Clean") + size("Private_Dirty")


def get(url):
    with urllib.request.urlopen(url, timeout=30) as answer:
        return json.load(answer)


def address(process):
    for line in process.stdout:
        found = re.search(r"https?://[\d.:]+", line)
        if found:
            return found.group(0)
    sys.exit("a process ended without saying its address")


def main():
    options = arguments()
    binary = options.binary.resolve()
    with tempfile.TemporaryDirectory(prefix="quantflow-soak-") as folder:
        replay = [binary, "replay", "generated", "--listen", "127.0.0.1:0", "--speed", options.speed, "--seed", "3"]
        for fault in ["drop:0.001", "duplicate:0.001", "reorder:0.001"]:
            replay += ["--fault", fault]
        for minute in range(1, int(options.minutes) + 1):
            replay += ["--fault", f"cut@{minute * 60}s"]
        venue = subprocess.Popen(replay, stdout=subprocess.PIPE, text=True, cwd=folder)
        market = address(venue)
        names = ["BTC/USDT", "ETH/USDT", "SOL/USDT"]
        streams = ",".join(f"replay:{name}{kind}" for name in names for kind in ["", "|book"])
        environment = os.environ | {
            "QUANTFLOW__INGEST__STREAMS": streams,
            "QUANTFLOW__INGEST__DEMO": "never",
            "QUANTFLOW__VENUES__REPLAY__PROTOCOL": "binance-spot",
            "QUANTFLOW__VENUES__REPLAY__REST_URL": market,
            "QUANTFLOW__VENUES__REPLAY__WS_URL": market.replace("http", "ws"),
            "QUANTFLOW__LOG__LEVEL": "error",
        }
        command = [binary, "up", "--listen", "127.0.0.1:0", "--data-dir", "data"]
        server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=folder, env=environment)
        try:
            code = soak(address(server), server.pid, options.minutes)
        finally:
            for process in (server, venue):
                process.send_signal(signal.SIGTERM)
                process.wait(30)
        check = [binary, "rebuild", "--check", "--data-dir", "data"]
        return code or subprocess.run(check, cwd=folder, env=environment).returncode


def soak(url, pid, minutes):
    began, asked = time.monotonic(), 0
    looked, told, samples = began, began, []
    paths = [
        "/api/v1/prices",
        "/api/v1/chart/ohlc/replay:BTC-USDT?timeframe=1m&limit=500",
        "/api/v1/chart/ohlc/replay:ETH-USDT?timeframe=1s&limit=1000",
        "/api/v1/completeness/replay:BTC-USDT",
        "/api/v1/connections",
    ]
    print("minute,resident_mb,private_mb,peak_mb,requests,trades,holes_open")
    while (now := time.monotonic()) - began < minutes * 60:
        try:
            get(url + paths[asked % len(paths)])
        except urllib.error.HTTPError as error:
            if error.code not in (404, 429):
                raise
        asked += 1
        if now - looked >= LOOK:
            looked = now
            resident, private = memory(pid)
            samples.append(private)
        if now - told >= 60:
            told = now
            minute = samples[-round(60 / LOOK):]
            private = f"{statistics.median(minute):.1f},{max(minute):.1f}"
            print(f"{(now - began) / 60:.0f},{resident:.1f},{private},{asked},{counts(url)}", flush=True)
        time.sleep(0.25)
    quarter = max(len(samples) // 4, 1)
    early, late = statistics.median(samples[quarter : 2 * quarter] or samples), statistics.median(samples[-quarter:])
    flat = late <= early * 1.10
    print(f"second quarter {early:.1f} MB, last quarter {late:.1f} MB: {'flat' if flat else 'it grows'}")
    return 0 if flat else 1


def counts(url):
    """How many trades were taken in, and how many holes are open."""
    with urllib.request.urlopen(url + "/metrics", timeout=30) as answer:
        metrics = answer.read().decode()
    trades = sum(float(n) for n in re.findall(r"^quantflow_pipeline_trades_total\S* (\S+)", metrics, re.M))
    try:
        days = get(url + "/api/v1/completeness/replay:BTC-USDT")["data"]
        missing = [hole for day in days for hole in day.get("missing", []) if hole["state"] == "found"]
    except urllib.error.HTTPError:
        missing = []
    return f"{trades:.0f},{len(missing)}"


if __name__ == "__main__":
    sys.exit(main())

#!/usr/bin/env python3
"""F-10: a cached answer over HTTP, ours beside nginx, by CPU a request.

    benches/peers/cached_http.py [--binary target/release/quantflow] [--rounds 7] [--seconds 4] [--path /api/v1/timeframes]

Both servers run on core 0, wrk on core 1, in turns within each round, so that whatever else the machine does
meets both. nginx answers the very body that we answered, inline, from its configuration; its access log is off
and so is our log line a request. Our answer has passed the whole edge: name guard, limit, cache, headers, counters.

What is compared is CPU time a request (user and system, from /proc/PID), for the rate depends on who else
uses the cores. The ratio is nginx's time by ours: 1.0 and more is what we aim at. A third runner, not what
we are held to, is nginx with our headers added: it tells what their bytes cost. With `--vary` no request is
the one before: eight heads with ids and tags of their own come in turn. Needs nginx and wrk on the PATH, and
two cores.
"""

import argparse
import json
import os
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request

TICK = os.sysconf("SC_CLK_TCK")
OURS, PEER = 18081, 18082
WHO = ["ours", "nginx", "nginx_headers"]


def cpu_seconds(pid):
    """Time on a CPU so far, all threads: whole to the nanosecond, and user and system in ticks."""
    with open(f"/proc/{pid}/stat") as stat:
        fields = stat.read().rsplit(")", 1)[1].split()
    exact = 0
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/schedstat") as schedstat:
            exact += int(schedstat.read().split()[0])
    return exact / 1e9, int(fields[11]) / TICK, int(fields[12]) / TICK


def wait_for(url, seconds=30, whole=False):
    end = time.monotonic() + seconds
    while True:
        try:
            with urllib.request.urlopen(url, timeout=2) as answer:
                return (answer.read(), answer.getheaders()) if whole else answer.read()
        except OSError:
            if time.monotonic() > end:
                sys.exit(f"{url} does not answer")
            time.sleep(0.05)


def start_ours(binary, folder, name):
    with open(f"{folder}/quantflow.toml", "w") as file:
        file.write(
            f'listen = "127.0.0.1:{OURS}"\ndata_dir = "{folder}/data"\n'
            '[ingest]\nstreams = []\ndemo = "never"\nhistory = false\n'
            f'[log]\nlevel = "warn"\n[limits.{name}]\nrequests = 600000000\n'
        )
    command = ["taskset", "-c", "0", binary, "--config", f"{folder}/quantflow.toml", "up"]
    return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=sys.stderr)


def start_nginx(folder, body, headers):
    paths = "".join(
        f"{name}_temp_path {folder}/{name};"
        for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    own = {"content-type", "content-length", "date", "server", "connection"}
    added = "".join(
        f" add_header {name} '{value}';"
        for name, value in ((n, v.replace("'", "\\'")) for n, v in headers if n.lower() not in own)
    )
    text = body.decode().replace("\\", "\\\\").replace("'", "\\'")
    with open(f"{folder}/nginx.conf", "w") as file:
        file.write(
            f"worker_processes 1; daemon off; pid {folder}/nginx.pid; error_log {folder}/nginx.log;\n"
            "events { worker_connections 4096; }\n"
            f"http {{ access_log off; tcp_nodelay on; keepalive_requests 100000000; {paths}\n"
            " default_type application/json;\n"
            f" server {{ listen 127.0.0.1:{PEER} reuseport;\n  location / {{ return 200 '{text}'; }}\n"
            f"  location /with-headers {{{added} return 200 '{text}'; }} }} }}\n"
        )
    command = ["taskset", "-c", "0", "nginx", "-c", f"{folder}/nginx.conf", "-p", folder]
    return subprocess.Popen(command)


def worker_of(master):
    """The process that does nginx's work."""
    for _ in range(100):
        with open(f"/proc/{master}/task/{master}/children") as children:
            found = children.read().split()
        if found:
            return int(found[0])
        time.sleep(0.05)
    sys.exit("nginx has no worker")


def load(port, path, pid, script, seconds, connections):
    """One run of wrk: requests a second, CPU microseconds a request (user, system), errors."""
    before = cpu_seconds(pid)
    command = ["taskset", "-c", "1", "wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "-s", script]
    said = subprocess.run(
        [*command, f"http://127.0.0.1:{port}{path}"], capture_output=True, text=True, check=True
    ).stdout
    after = cpu_seconds(pid)
    found = re.search(r"RESULT (\d+) (\d+) (\d+)", said)
    requests, microseconds, errors = (int(number) for number in found.groups())
    cost, user, system = (b - a for a, b in zip(before, after))
    return {
        "rate": requests / microseconds * 1e6,
        "cost": cost * 1e6 / requests,
        "user": cost * 1e6 / requests * user / ((user + system) or 1),
        "errors": errors,
    }


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    arguments.add_argument("--binary", default="target/release/quantflow")
    arguments.add_argument("--server", help="a running server's pid and port, PID:PORT, in place of our binary")
    arguments.add_argument("--rounds", type=int, default=7)
    arguments.add_argument("--seconds", type=int, default=4)
    arguments.add_argument("--connections", type=int, default=64)
    arguments.add_argument("--path", default="/api/v1/timeframes")
    arguments.add_argument("--name", default="timeframes", help="the endpoint's name, whose limit is lifted")
    arguments.add_argument("--vary", action="store_true", help="eight different heads in turn")
    given = arguments.parse_args()
    for tool in ("nginx", "wrk", "taskset"):
        if not shutil.which(tool):
            sys.exit(f"{tool} is not on the PATH")

    folder = tempfile.mkdtemp(prefix="quantflow-http-")
    script = f"{folder}/report.lua"
    with open(script, "w") as file:
        if given.vary:
            file.write(
                "local n = 0\nlocal all = {}\n"
                "function init(args)\n for i = 1, 8 do\n"
                '  wrk.headers["X-Request-Id"] = string.rep("r", i)\n'
                '  wrk.headers["If-None-Match"] = string.rep("x", i)\n'
                "  all[i] = wrk.format(nil, nil)\n end\nend\n"
                "request = function()\n n = n % 8 + 1\n return all[n]\nend\n"
            )
        file.write(
            "done = function(s, l, r)\n local e = s.errors\n"
            ' io.write(string.format("RESULT %d %d %d\\n", s.requests, s.duration,'
            " e.status + e.read + e.connect + e.write + e.timeout))\nend\n"
        )
    port, started = OURS, []
    try:
        if given.server:
            pid, port = (int(part) for part in given.server.split(":"))
        else:
            ours = start_ours(os.path.abspath(given.binary), folder, given.name)
            started.append(ours)
            pid = ours.pid
        wait_for(f"http://127.0.0.1:{port}{given.path}")
        body, headers = wait_for(f"http://127.0.0.1:{port}{given.path}", whole=True)  # from the cache
        nginx = start_nginx(folder, body, headers)
        started.append(nginx)
        worker = worker_of(nginx.pid)
        assert wait_for(f"http://127.0.0.1:{PEER}{given.path}") == body, "nginx answers something else"
        idle = cpu_seconds(pid)[0]
        time.sleep(1)
        idle = cpu_seconds(pid)[0] - idle

        rows = []
        for number in range(given.rounds):
            pair = {}
            order = WHO if number % 2 == 0 else WHO[::-1]
            for who in order:
                at, whose = (port, pid) if who == "ours" else (PEER, worker)
                path = "/with-headers" if who == "nginx_headers" else given.path
                pair[who] = load(at, path, whose, script, given.seconds, given.connections)
            rows.append(pair)
            cost = {who: run["cost"] for who, run in pair.items()}
            print(
                f"round {number + 1}: ours {cost['ours']:.2f} us ({pair['ours']['user']:.2f} user) at "
                f"{pair['ours']['rate']:.0f}/s, nginx {cost['nginx']:.2f} us ({pair['nginx']['user']:.2f} user) "
                f"at {pair['nginx']['rate']:.0f}/s, with headers {cost['nginx_headers']:.2f} us, "
                f"ratio {cost['nginx'] / cost['ours']:.3f}",
                file=sys.stderr,
            )

        def middle(value):
            return round(statistics.median(value(pair) for pair in rows), 3)

        def cost(run):
            return run["cost"]

        print(
            json.dumps(
                {
                    "bench": "F-10 cached answer over HTTP",
                    "path": given.path,
                    "body_bytes": len(body),
                    "connections": given.connections,
                    "rounds": given.rounds,
                    "seconds": given.seconds,
                    "cpu_us": {who: middle(lambda p: cost(p[who])) for who in WHO},
                    "user_us": {who: middle(lambda p: p[who]["user"]) for who in WHO},
                    "rate": {who: middle(lambda p: p[who]["rate"]) for who in WHO},
                    "ratio": middle(lambda p: cost(p["nginx"]) / cost(p["ours"])),
                    "ratios": [round(cost(p["nginx"]) / cost(p["ours"]), 3) for p in rows],
                    "ratio_with_headers": middle(lambda p: cost(p["nginx_headers"]) / cost(p["ours"])),
                    "errors": sum(run["errors"] for p in rows for run in p.values()),
                    "idle_cpu": round(idle, 3),
                    "load1": round(os.getloadavg()[0], 2),
                }
            )
        )
    finally:
        for process in started:
            process.send_signal(signal.SIGTERM)
        for process in started:
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    main()

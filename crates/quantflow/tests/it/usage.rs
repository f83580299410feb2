//! Wrong input: the exit code, and what is said.

use crate::{assert_fails, command, done, of, run};

#[test]
fn wrong_usage_is_2_and_says_so_on_standard_error() {
    let folder = tempfile::tempdir().unwrap();
    for arguments in [
        &[][..],
        &["nonsense"],
        &["candles"],
        &["candles", "binance:BTC/USDT", "--timeframe", "7m"],
        &["export", "binance:BTC/USDT", "--kind", "candles"],
        &["import", "x.csv", "--kind", "trades"],
        &["-v", "-q", "doctor"],
    ] {
        let run = run(folder.path(), arguments);
        assert_eq!(run.code, 2, "{arguments:?}: {run:?}");
        assert_eq!(run.out, "", "{arguments:?}");
        assert!(
            run.err.contains("Usage:") || run.err.contains("--help"),
            "{}",
            run.err
        );
    }
    assert_eq!(
        std::fs::read_dir(folder.path()).unwrap().count(),
        0,
        "nothing may be made"
    );
}

#[test]
fn what_does_not_exist_is_named_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let cases: [(&[&str], i32, &[&str]); 8] = [
        (
            &["candles", "binance:BTC/USDT"],
            1,
            &["no data in ./data", "to do:"],
        ),
        (
            &["venue", "describe", "binanse"],
            2,
            &["binanse", "did you mean binance?"],
        ),
        (
            &["indicators", "describe", "rsy"],
            2,
            &["rsy", "did you mean rsi?"],
        ),
        (
            &["indicators", "x.csv", "--set", "rsi(0)"],
            2,
            &["rsi(0)", "why:"],
        ),
        (
            &["indicators", "x.csv", "--set", "rsi"],
            1,
            &["x.csv", "No such file"],
        ),
        (
            &[
                "import", "x.bin", "--kind", "trades", "--venue", "v", "--symbol", "A/B",
            ],
            1,
            &["x.bin", ".csv.gz"],
        ),
        (
            &[
                "import", "x.csv", "--kind", "trades", "--venue", "A B", "--symbol", "A/B",
            ],
            2,
            &["A B", "venue"],
        ),
        (
            &["rebuild", "--from", "2024-01-01"],
            2,
            &["of everything", "--check"],
        ),
    ];
    for (arguments, code, words) in cases {
        assert_fails(&run(folder.path(), arguments), code, words);
    }
    assert_eq!(
        std::fs::read_dir(folder.path()).unwrap().count(),
        0,
        "nothing may be made"
    );
}

#[test]
fn the_configuration_is_shown_with_where_it_comes_from() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(
        folder.path().join("quantflow.toml"),
        "listen = \"127.0.0.1:1\"\n",
    )
    .unwrap();
    let shown = of(command(folder.path())
        .args(["config", "show", "--format", "csv"])
        .env("QUANTFLOW__BUS__SYNC_INTERVAL", "5ms")
        .output()
        .unwrap());
    assert_eq!(shown.code, 0, "{}", shown.err);
    for line in [
        "listen,127.0.0.1:1,quantflow.toml,",
        "bus.sync_interval,5ms,environment variable QUANTFLOW__BUS__SYNC_INTERVAL,",
        "data_dir,./data,default,",
    ] {
        assert!(shown.out.contains(line), "{line} in {}", shown.out);
    }
    assert!(done(folder.path(), &["config", "check"]).contains("1 of"));

    std::fs::write(folder.path().join("quantflow.toml"), "lisen = 1\n").unwrap();
    let words = ["lisen", "quantflow.toml", "did you mean listen?"];
    assert_fails(&run(folder.path(), &["config", "check"]), 1, &words);
    assert_fails(&run(folder.path(), &["candles", "a:B/C"]), 2, &words);
    // what needs no configuration works without a right one
    assert!(done(folder.path(), &["venue", "list"]).contains("binance"));
}

#[test]
fn doctor_names_what_fails_and_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let doctor = |listen: &str| {
        of(command(folder.path())
            .args(["doctor", "--format", "csv"])
            .env("QUANTFLOW__LISTEN", listen)
            // nobody answers there: no test speaks to a venue
            .env("QUANTFLOW__VENUES__BINANCE__REST_URL", "http://127.0.0.1:9")
            .output()
            .unwrap())
    };
    let busy = doctor(&address);
    assert_fails(&busy, 1, &["1 of", "checks failed"]);
    assert!(
        busy.out.contains(&format!("port,fail,{address}")),
        "{}",
        busy.out
    );
    let free = doctor("127.0.0.1:0");
    assert_eq!(free.code, 0, "{free:?}");
    for check in [
        "configuration,ok",
        "data folder,ok",
        "port,ok",
        "clock,warn",
    ] {
        assert!(free.out.contains(check), "{check} in {}", free.out);
    }
    assert!(
        !folder.path().join("data").exists(),
        "a check makes nothing"
    );
}

#[test]
fn a_reader_who_leaves_is_no_failure() {
    use std::io::Read;
    let folder = tempfile::tempdir().unwrap();
    let mut child = command(folder.path())
        .args(["completions", "bash"])
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let mut out = child.stdout.take().unwrap();
    out.read_exact(&mut [0; 1]).unwrap();
    drop(out);
    let run = of(child.wait_with_output().unwrap());
    assert_eq!((run.code, run.err.as_str()), (0, ""));
}

#[test]
fn results_are_not_coloured_for_programs_and_tables_can_be_had() {
    let folder = tempfile::tempdir().unwrap();
    let table = done(folder.path(), &["--format", "table", "indicators", "list"]);
    assert!(
        table.contains("Relative Strength Index") && !table.contains('\x1b'),
        "{table}"
    );
    let csv = done(folder.path(), &["indicators", "list"]);
    assert!(csv.starts_with("name,title,group,usual,outputs\n"), "{csv}");
    let json = done(
        folder.path(),
        &["indicators", "describe", "macd", "--format", "json"],
    );
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["parameters"][0]["default"], 12);
    let refused = run(
        folder.path(),
        &["indicators", "list", "--format", "parquet"],
    );
    assert_fails(&refused, 2, &["does not write parquet"]);
}

#[test]
fn a_file_that_is_not_what_it_should_be_is_named_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    std::fs::create_dir(path("folder.csv")).unwrap();
    std::fs::write(path("empty.csv"), "").unwrap();
    std::fs::write(path("bytes.csv"), [0x93, 1, 7, 0xff, b'\n', 3]).unwrap();
    std::fs::write(path("cut.parquet"), b"PAR1....").unwrap();
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    std::io::Write::write_all(&mut packed, b"ts_ms,price,qty\n1,1,1\n").unwrap();
    let packed = packed.finish().unwrap();
    std::fs::write(path("cut.csv.gz"), &packed[..packed.len() / 2]).unwrap();
    std::fs::write(path("what.bin"), "x").unwrap();
    let files = std::fs::read_dir(folder.path()).unwrap().count();
    for (file, words) in [
        ("nope.csv", ["No such file", "check the path"]),
        ("folder.csv", ["is a folder", "name a file in it"]),
        ("empty.csv", ["is empty", "fetch or write it again"]),
        ("bytes.csv", ["is no text", "as what it is"]),
        ("cut.parquet", ["no Parquet", "fetch it again"]),
        ("cut.csv.gz", ["cut.csv.gz", "fetch it again"]),
        ("what.bin", ["neither csv", "as what it is"]),
    ] {
        let import = [
            "import", file, "--kind", "trades", "--venue", "tape", "--symbol", "A/B",
        ];
        for arguments in [&import[..], &["indicators", file, "--set", "rsi"]] {
            if file == "what.bin" && arguments[0] == "indicators" && !path(file).exists() {
                continue;
            }
            let failed = run(folder.path(), arguments);
            assert_fails(&failed, 1, &words);
            assert!(failed.err.contains("to do:"), "{}", failed.err);
            assert!(!failed.err.contains('\u{fffd}'), "{}", failed.err);
        }
    }
    assert_eq!(
        std::fs::read_dir(folder.path()).unwrap().count(),
        files,
        "nothing may be made"
    );
}

#[test]
fn what_would_be_read_as_something_else_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("file"), "").unwrap();
    let cases: [(&[&str], i32, &[&str]); 5] = [
        // as seconds since 1970
        (
            &["candles", "a:B/C", "--from", "2025"],
            2,
            &["--from", "2025-01-01"],
        ),
        (
            &[
                "export", "a:B/C", "--kind", "trades", "--format", "parquet", "-o", "x.csv",
            ],
            2,
            &["x.csv", "another format", "--format"],
        ),
        (
            &["replay", "generated", "--listen", "here"],
            2,
            &["--listen", "127.0.0.1:9443"],
        ),
        (
            &["candles", "a:B/C", "--data-dir", "file"],
            1,
            &["is a file, no folder"],
        ),
        (&["doctor", "--data-dir", "file"], 1, &["checks failed"]),
    ];
    for (arguments, code, words) in cases {
        assert_fails(&run(folder.path(), arguments), code, words);
    }
    assert_eq!(
        std::fs::read_dir(folder.path()).unwrap().count(),
        1,
        "nothing may be made"
    );
}

//! `quantflow up`: what it says where it cannot start, and what it logs.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use crate::{assert_fails, command, of, run};

/// A server of the generated market that ends with the test.
struct Up {
    child: Child,
    address: String,
    /// It has more to say than its address.
    _out: BufReader<ChildStdout>,
}

impl Up {
    fn start(folder: &Path, level: &str) -> Self {
        let mut child = command(folder)
            .args(["up", "--demo", "--listen", "127.0.0.1:0"])
            .env("LOG_LEVEL", level)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        out.read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("http://");
        let address = address.unwrap_or_else(|| panic!("no address: {line}"));
        Self {
            address: address.to_owned(),
            child,
            _out: out,
        }
    }

    /// The status line of an answer.
    fn get(&self, path: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        let request =
            format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer.lines().next().unwrap_or_default().to_owned()
    }

    /// Ends it in good order and returns its log.
    fn stop(mut self) -> String {
        let pid = self.child.id().to_string();
        assert!(
            Command::new("kill")
                .args(["-TERM", &pid])
                .status()
                .unwrap()
                .success()
        );
        let mut said = String::new();
        self.child
            .stderr
            .take()
            .unwrap()
            .read_to_string(&mut said)
            .unwrap();
        assert!(self.child.wait().unwrap().success(), "{said}");
        said
    }
}

impl Drop for Up {
    fn drop(&mut self) {
        // ended already, where the test went well
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[test]
fn requests_are_logged_only_to_who_asks_for_it() {
    for (level, logged) in [("info", false), ("info,quantflow::http=debug", true)] {
        let folder = tempfile::tempdir().unwrap();
        let up = Up::start(folder.path(), level);
        for path in ["/api/v1/symbols", "/api/v1/symbols", "/nowhere"] {
            let status = up.get(path);
            let right = if path == "/nowhere" { "404" } else { "200" };
            assert!(status.contains(right), "{path}: {status}");
        }
        let said = up.stop();
        for path in ["/api/v1/symbols", "/nowhere"] {
            assert_eq!(said.contains(path), logged, "{level}: {said}");
        }
        assert!(said.contains("INFO"), "{level}: {said}");
    }
}

#[test]
fn a_folder_that_a_server_holds_is_refused_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let up = Up::start(folder.path(), "warn");
    let second = run(folder.path(), &["up", "--demo", "--listen", "127.0.0.1:0"]);
    assert_fails(
        &second,
        1,
        &["in use by another process", "to do:", "already"],
    );
    let pid = up.child.id().to_string();
    std::fs::write(
        folder.path().join("t.csv"),
        "ts_ms,price,qty\n1700000000000,1,1\n",
    )
    .unwrap();
    let import = [
        "import", "t.csv", "--kind", "trades", "--venue", "tape", "--symbol", "A/B",
    ];
    for arguments in [&import[..], &["rebuild"]] {
        let refused = run(folder.path(), arguments);
        let kill = format!("kill {pid}");
        assert_fails(
            &refused,
            1,
            &[
                &pid,
                &up.address,
                &kill,
                "quantflow up",
                "fetches what it missed",
            ],
        );
    }
    up.stop();
    assert_eq!(run(folder.path(), &import).code, 0, "once it has ended");
}

/// Arguments, a variable, the exit code, and words that are said.
type Case<'a> = (Vec<String>, (&'a str, &'a str), i32, &'a [&'a str]);

#[test]
fn what_cannot_start_says_why_and_makes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = taken.local_addr().unwrap().to_string();
    std::fs::write(folder.path().join("file"), "").unwrap();
    let demo = |listen: &str| {
        vec![
            "up".to_owned(),
            "--demo".to_owned(),
            "--listen".to_owned(),
            listen.to_owned(),
        ]
    };
    let mut in_a_file = demo("127.0.0.1:0");
    in_a_file.extend(["--data-dir".to_owned(), "file".to_owned()]);
    let cases: [Case<'_>; 7] = [
        (
            demo(&taken),
            ("A", "b"),
            1,
            &["cannot listen on", &taken, "another program", "--listen"],
        ),
        (
            demo("192.0.2.1:80"),
            ("A", "b"),
            1,
            &["cannot listen on 192.0.2.1:80", "127.0.0.1"],
        ),
        (
            demo("here"),
            ("A", "b"),
            2,
            &["listen", "\"here\"", "127.0.0.1:8080"],
        ),
        (
            in_a_file,
            ("A", "b"),
            1,
            &["file is a file, no folder", "--data-dir"],
        ),
        (
            demo("127.0.0.1:0"),
            ("QUANTFLOW__TOKEN", "short"),
            2,
            &["token", "16 characters"],
        ),
        (
            demo("127.0.0.1:0"),
            ("LOG_LEVEL", "loud"),
            2,
            &["LOG_LEVEL", "loud", "info"],
        ),
        (
            demo("127.0.0.1:0"),
            ("QUANTFLOW__INGEST__STREAMS", "nope:A/B"),
            2,
            &["ingest.streams", "nope:A/B", "venues.nope.protocol"],
        ),
    ];
    for (arguments, (name, value), code, words) in cases {
        let failed = of(command(folder.path())
            .args(&arguments)
            .env(name, value)
            .output()
            .unwrap());
        assert_fails(&failed, code, words);
        assert!(!failed.err.contains("panicked"), "{}", failed.err);
        let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().collect();
        assert_eq!(left.len(), 1, "{arguments:?} made {left:?}");
    }
}

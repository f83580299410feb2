//! [`RedisServer`]: a Redis of a test's own.

use std::fs::File;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

const PROGRAM: &str = "redis-server";

/// A Redis of a test's own: on a free port of loopback, with a folder that goes away with it. It keeps
/// nothing when it ends.
#[derive(Debug)]
pub struct RedisServer {
    folder: TempDir,
    port: u16,
    child: Option<Child>,
}

impl RedisServer {
    /// Starts one. `None` where Redis is not installed: the test then returns, having said so; with
    /// `QUANTFLOW_NO_SKIP=1` it fails instead.
    ///
    /// # Panics
    /// When it is installed and does not start; when it is absent and `QUANTFLOW_NO_SKIP=1`.
    pub fn start() -> Option<Self> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        if !std::env::split_paths(&path).any(|folder| folder.join(PROGRAM).is_file()) {
            let must = std::env::var("QUANTFLOW_NO_SKIP").is_ok_and(|v| v == "1");
            assert!(!must, "no Redis here, and QUANTFLOW_NO_SKIP=1");
            println!("skipped: no Redis here (scripts/setup installs it)");
            return None;
        }
        let folder = tempfile::Builder::new().prefix("qf-redis-").tempdir();
        let mut redis = Self {
            folder: folder.unwrap(),
            port: free_port(),
            child: None,
        };
        redis.resume();
        Some(redis)
    }

    /// Ends the server; what it knew is lost.
    pub fn stop(&mut self) {
        if let Some(mut child) = self.child.take() {
            // errors mean that it ended by itself
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Starts it again, on the same port.
    ///
    /// # Panics
    /// When it does not start.
    pub fn resume(&mut self) {
        let log = self.folder.path().join("log");
        let server = Command::new(PROGRAM)
            .args(["--bind", "127.0.0.1", "--port", &self.port.to_string()])
            .args(["--save", "", "--appendonly", "no"])
            .current_dir(self.folder.path())
            .stdout(File::create(&log).unwrap())
            .stderr(Stdio::null())
            .spawn();
        self.child = Some(server.unwrap());
        let begun = Instant::now();
        while !answers(self.port) {
            assert!(
                begun.elapsed() < Duration::from_mins(1),
                "Redis does not start: {}",
                std::fs::read_to_string(&log).unwrap_or_default()
            );
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Stops it without ending it (`SIGSTOP`): connections stay open, and nothing is answered.
    pub fn pause(&self) {
        self.signal("STOP");
    }

    /// Lets it go on after [`RedisServer::pause`].
    pub fn go_on(&self) {
        self.signal("CONT");
    }

    fn signal(&self, name: &str) {
        let child = self.child.as_ref().expect("it runs");
        let sent = Command::new("kill")
            .arg(format!("-{name}"))
            .arg(child.id().to_string())
            .status();
        assert!(sent.unwrap().success());
    }

    /// Where to connect: database 0.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/0", self.port)
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        self.stop();
    }
}

fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    listener.local_addr().unwrap().port()
}

fn answers(port: u16) -> bool {
    let Ok(mut stream) = TcpStream::connect((Ipv4Addr::LOCALHOST, port)) else {
        return false;
    };
    let mut answer = [0; 7];
    stream.write_all(b"PING\r\n").is_ok()
        && stream.read_exact(&mut answer).is_ok()
        && answer == *b"+PONG\r\n"
}

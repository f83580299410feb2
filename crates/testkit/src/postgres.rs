//! [`PostgresServer`]: a PostgreSQL of a test's own.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// A PostgreSQL of a test's own: on loopback, with a data folder that goes away with it. Nobody
/// else's server is touched.
#[derive(Debug)]
pub struct PostgresServer {
    folder: TempDir,
    programs: PathBuf,
    port: u16,
    child: Mutex<Option<Child>>,
}

impl PostgresServer {
    /// Starts one. `None` where PostgreSQL is not installed: the test then returns, having said so;
    /// with `QUANTFLOW_NO_SKIP=1` it fails instead.
    ///
    /// # Panics
    /// When it is installed and does not start; when it is absent and `QUANTFLOW_NO_SKIP=1`.
    pub fn start() -> Option<Self> {
        let Some(programs) = programs() else {
            let must = std::env::var("QUANTFLOW_NO_SKIP").is_ok_and(|v| v == "1");
            assert!(!must, "no PostgreSQL here, and QUANTFLOW_NO_SKIP=1");
            println!("skipped: no PostgreSQL here (scripts/setup installs it)");
            return None;
        };
        let folder = tempfile::Builder::new().prefix("qf-pg-").tempdir().unwrap();
        if is_root() {
            // it refuses to be root; its folder must be its user's
            run(Command::new("chown").arg("postgres").arg(folder.path()));
        }
        let data = folder.path().join("data");
        let mut initdb = as_its_user(&programs.join("initdb"));
        initdb.args([
            "-A",
            "trust",
            "-U",
            "postgres",
            "-E",
            "UTF8",
            "--locale=C",
            "--no-sync",
        ]);
        run(initdb.arg("-D").arg(&data));
        let server = Self {
            folder,
            programs,
            port: free_port(),
            child: Mutex::new(None),
        };
        server.launch();
        Some(server)
    }

    /// An empty place of this name (a schema: a whole database each would cost 8 MB), by its address.
    pub fn create(&self, name: &str) -> String {
        self.sql("public", &format!("CREATE SCHEMA {name}"));
        format!("{}?options[search_path]={name}", self.address())
    }

    /// Runs statements by `psql`, as a user beside the tested program would; gives what it prints.
    ///
    /// # Panics
    /// When they fail.
    pub fn sql(&self, name: &str, sql: &str) -> String {
        let output = self.psql(name, sql);
        let error = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "psql: {error}");
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    /// Ends it at once, as a crash would, and starts it again.
    ///
    /// # Panics
    /// When it does not come back.
    pub fn crash_and_restart(&self) {
        self.stop();
        self.launch();
    }

    fn address(&self) -> String {
        format!("postgres://postgres@127.0.0.1:{}/postgres", self.port)
    }

    fn psql(&self, name: &str, sql: &str) -> std::process::Output {
        Command::new(self.programs.join("psql"))
            .env("PGOPTIONS", format!("-c search_path={name}"))
            .args(["-XAtq", "-v", "ON_ERROR_STOP=1", "-d", &self.address()])
            .args(["-c", sql])
            .output()
            .unwrap()
    }

    fn launch(&self) {
        let log = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.folder.path().join("log"))
            .unwrap();
        let child = as_its_user(&self.programs.join("postgres"))
            .arg("-D")
            .arg(self.folder.path().join("data"))
            .args(["-p", &self.port.to_string(), "-k"])
            .arg(self.folder.path())
            .args(["-c", "listen_addresses=127.0.0.1", "-c", "fsync=off"])
            .args([
                "-c",
                "max_wal_size=64MB",
                "-c",
                "shared_buffers=32MB",
                "-c",
                "max_connections=200",
            ])
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap();
        *self.child.lock().unwrap() = Some(child);
        let begun = Instant::now();
        while !self.psql("public", "SELECT 1").status.success() {
            assert!(
                begun.elapsed() < Duration::from_mins(1),
                "PostgreSQL does not start: {}",
                std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
            );
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn stop(&self) {
        let Some(mut child) = self.child.lock().unwrap().take() else {
            return;
        };
        // the child may be who changed the user for it: the server itself writes down its number
        let file = self.folder.path().join("data/postmaster.pid");
        let written = std::fs::read_to_string(file).unwrap_or_default();
        let own = child.id().to_string();
        let id = written.lines().next().unwrap_or(&own);
        // SIGQUIT: at once, without cleaning up
        let _ = Command::new("kill").args(["-QUIT", id]).status();
        let _ = child.wait(); // it was ours
    }
}

impl Drop for PostgresServer {
    fn drop(&mut self) {
        self.stop();
    }
}

fn programs() -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<_> = std::env::split_paths(&path).collect();
    if let Ok(versions) = std::fs::read_dir("/usr/lib/postgresql") {
        let mut versions: Vec<_> = versions.flatten().map(|entry| entry.path()).collect();
        versions.sort();
        folders.extend(versions.iter().rev().map(|version| version.join("bin")));
    }
    let has = |folder: &PathBuf| {
        let programs = ["postgres", "initdb", "psql"];
        programs.iter().all(|name| folder.join(name).is_file())
    };
    folders.into_iter().find(has)
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output();
    id.is_ok_and(|id| id.stdout.trim_ascii() == b"0")
}

fn as_its_user(program: &Path) -> Command {
    if !is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("runuser");
    command.args(["-u", "postgres", "--"]).arg(program);
    // where it may be
    command.current_dir("/");
    command
}

fn run(command: &mut Command) {
    let output = command.output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {error}");
}

fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

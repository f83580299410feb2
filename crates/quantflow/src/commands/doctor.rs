//! `quantflow doctor`: checks what has to be right, and says what to do about what is not.

mod venue;

use std::net::TcpListener;
use std::path::Path;

use crate::access::{Remote, Server};
use crate::config::Settings;
use crate::context::Context;
use crate::failure::{Failure, Outcome};
use crate::run::engines::Engines;
use crate::run::keys::is_key;
use crate::run::sources::is_own;
use crate::terminal::{Cell, Column, Listing};

/// Less room than this is a warning, and a tenth of it a fault.
const ROOM: u64 = 5 << 30;
/// Open files that a busy server needs.
const OPEN_FILES: u64 = 4_096;

/// How a check went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Ok,
    Warn,
    Fail,
}

#[derive(Debug)]
struct Check {
    what: &'static str,
    state: State,
    says: String,
    to_do: Option<String>,
}

impl Check {
    fn ok(what: &'static str, says: impl Into<String>) -> Self {
        Self {
            what,
            state: State::Ok,
            says: says.into(),
            to_do: None,
        }
    }

    fn warn(what: &'static str, says: impl Into<String>, to_do: impl Into<String>) -> Self {
        Self {
            what,
            state: State::Warn,
            says: says.into(),
            to_do: Some(to_do.into()),
        }
    }

    fn fail(what: &'static str, says: impl Into<String>, to_do: impl Into<String>) -> Self {
        Self {
            what,
            state: State::Fail,
            says: says.into(),
            to_do: Some(to_do.into()),
        }
    }
}

/// Checks everything; a check that fails does not stop the others.
pub(crate) async fn run(context: &Context) -> Outcome {
    let mut checks = Vec::new();
    let settings = match context.settings() {
        Ok(settings) => {
            let loaded = context.loaded()?;
            let file = loaded.file.as_ref();
            let from = file.map_or_else(|| "defaults".to_owned(), |f| f.display().to_string());
            checks.push(Check::ok("configuration", format!("right ({from})")));
            Some(settings)
        }
        Err(failure) => {
            checks.push(Check::fail(
                "configuration",
                failure.why.join(": "),
                "correct it; `quantflow config show` lists every setting",
            ));
            None
        }
    };
    if let Some(settings) = &settings {
        checks.push(writable(&settings.data_dir));
        checks.push(room(&settings.data_dir));
        let served = server(settings).await;
        let is_served = served.first().is_some_and(|check| check.state == State::Ok);
        checks.extend(served);
        if is_served {
            checks.push(Check::ok("port", "the server has it"));
        } else {
            checks.push(port(settings));
            checks.extend(folder(settings));
        }
    }
    checks.push(open_files());
    if let Some(settings) = &settings {
        checks.push(venue::clock(settings).await);
        checks.extend(venue::keys(settings).await);
    }
    show(context, &checks)
}

fn show(context: &Context, checks: &[Check]) -> Outcome {
    let mut listing = Listing::new(vec![
        Column::new("check", "check"),
        Column::new("state", "state"),
        Column::new("says", "says"),
        Column::new("to_do", "toDo"),
    ]);
    for check in checks {
        listing.push(vec![
            Cell::text(check.what),
            Cell::text(match check.state {
                State::Ok => "ok",
                State::Warn => "warn",
                State::Fail => "fail",
            }),
            Cell::text(&check.says),
            Cell::of(check.to_do.as_ref(), Cell::text),
        ]);
    }
    context.terminal.show(&listing)?;
    let failed = checks
        .iter()
        .filter(|check| check.state == State::Fail)
        .count();
    if failed > 0 {
        return Err(
            Failure::new(format!("{failed} of {} checks failed", checks.len()))
                .to_do("do what stands beside them, then run `quantflow doctor` again"),
        );
    }
    Ok(())
}

fn writable(data_dir: &Path) -> Check {
    const WHAT: &str = "data folder";
    let shown = data_dir.display();
    if data_dir.exists() && !data_dir.is_dir() {
        return Check::fail(
            WHAT,
            format!("{shown} is a file, no folder"),
            "name a folder with --data-dir or `data_dir`",
        );
    }
    // a folder that is not there yet is made where its nearest parent allows it
    let existing = data_dir.ancestors().find(|path| path.exists());
    let existing = existing.unwrap_or_else(|| Path::new("."));
    let probe = existing.join(format!(".quantflow-doctor-{}", std::process::id()));
    let tried = std::fs::write(&probe, b"can this be written?")
        .and_then(|()| std::fs::File::open(&probe)?.sync_all());
    // the probe may not even have been made
    let _ = std::fs::remove_file(&probe);
    match tried {
        Ok(()) if existing == data_dir => Check::ok(WHAT, format!("{shown} can be written")),
        Ok(()) => Check::ok(WHAT, format!("{shown} does not exist yet and can be made")),
        Err(error) => Check::fail(
            WHAT,
            format!("{} cannot be written: {error}", existing.display()),
            match error.kind() {
                std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded => {
                    "free some space: a server that waits for it goes on by itself"
                }
                _ => "make it writable for this user, or name another with --data-dir",
            },
        ),
    }
}

#[cfg(unix)]
fn room(data_dir: &Path) -> Check {
    const WHAT: &str = "free space";
    let existing = data_dir.ancestors().find(|path| path.is_dir());
    match rustix::fs::statvfs(existing.unwrap_or_else(|| Path::new("."))) {
        Ok(stats) => room_of(stats.f_bavail.saturating_mul(stats.f_frsize)),
        Err(error) => Check::warn(
            WHAT,
            format!("cannot be told: {error}"),
            "look at it yourself",
        ),
    }
}

#[cfg(not(unix))]
fn room(_data_dir: &Path) -> Check {
    Check::warn(
        "free space",
        "cannot be told on this system",
        "look at it yourself",
    )
}

fn room_of(free: u64) -> Check {
    const WHAT: &str = "free space";
    let says = format!("{:.1} GiB", free as f64 / f64::from(1 << 30));
    let to_do = "free some, or set lake.retention and store.trades_retention; a full disk stops intake until there is room";
    if free < ROOM / 10 {
        Check::fail(WHAT, says, to_do)
    } else if free < ROOM {
        Check::warn(WHAT, says, to_do)
    } else {
        Check::ok(WHAT, says)
    }
}

/// Whether a server has the folder, and each of its own services that is not as it should be;
/// nothing when there is no server.
async fn server(settings: &Settings) -> Vec<Check> {
    const WHAT: &str = "server";
    let Some(server) = Server::of(&settings.data_dir) else {
        return Vec::new();
    };
    let remote = match Remote::reach(&server).await {
        Ok(Some(remote)) => remote,
        Ok(None) => {
            return vec![Check::warn(
                WHAT,
                format!(
                    "pid {} held the folder and ended without saying so",
                    server.pid
                ),
                "nothing: the next `quantflow up` repairs what it left",
            )];
        }
        Err(failure) => {
            return vec![Check::warn(WHAT, failure.what, "look at the server's log")];
        }
    };
    let mut checks = vec![Check::ok(
        WHAT,
        format!("pid {} holds the folder, at {}", server.pid, server.url),
    )];
    match remote.troubles().await {
        Ok(troubles) => checks.extend(troubles.into_iter().map(|(name, error)| {
            let says = format!("{name}: {error}");
            if is_key(&name) {
                let to_do = "correct the key, then restart the server";
                Check::fail("service", says, to_do)
            } else if is_own(&name) {
                let to_do = "mend what it names: the server goes on by itself then";
                Check::fail("service", says, to_do)
            } else {
                Check::warn("venue", says, "nothing here: it is tried again and again")
            }
        })),
        Err(failure) => {
            checks.push(Check::warn(
                "service",
                failure.what,
                "look at the server's log",
            ));
        }
    }
    checks
}

fn port(settings: &Settings) -> Check {
    const WHAT: &str = "port";
    match TcpListener::bind(settings.listen) {
        Ok(_) => Check::ok(WHAT, format!("{} is free", settings.listen)),
        Err(error) => Check::fail(
            WHAT,
            format!("{} cannot be listened on: {error}", settings.listen),
            "stop what has it, or set another with --listen or `listen`",
        ),
    }
}

/// Whether log, store and lake open, and what had to be repaired.
fn folder(settings: &Settings) -> Vec<Check> {
    const WHAT: &str = "log and store";
    if !settings.data_dir.exists() {
        return vec![Check::ok(WHAT, "nothing yet")];
    }
    match Engines::open(settings) {
        Ok((engines, repairs)) => {
            let partitions = engines.log.partitions().len();
            let mut checks = vec![Check::ok(WHAT, format!("open; {partitions} partitions"))];
            checks.extend(repairs.iter().map(|repair| {
                Check::warn(
                    "repaired",
                    repair.to_string(),
                    "nothing; `quantflow verify` tells what it touches",
                )
            }));
            checks
        }
        Err(error) => {
            let chain: Vec<String> = error.chain().map(ToString::to_string).collect();
            vec![Check::fail(
                WHAT,
                chain.join(": "),
                "when another process holds it, stop that; when a file is damaged, bring it back from a backup or `quantflow rebuild`",
            )]
        }
    }
}

#[cfg(unix)]
fn open_files() -> Check {
    const WHAT: &str = "open files";
    // the soft limit stands in the second column of numbers
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let line = limits
        .lines()
        .find_map(|line| line.strip_prefix("Max open files"));
    let Some(soft) = line.and_then(|line| line.split_whitespace().next()) else {
        return Check::ok(WHAT, "the limit cannot be told here");
    };
    match soft.parse::<u64>() {
        Ok(limit) if limit < OPEN_FILES => Check::warn(
            WHAT,
            format!("at most {limit}"),
            format!("allow more before starting a server: ulimit -n {OPEN_FILES}"),
        ),
        Ok(limit) => Check::ok(WHAT, format!("at most {limit}")),
        Err(_) => Check::ok(WHAT, soft),
    }
}

#[cfg(not(unix))]
fn open_files() -> Check {
    Check::ok("open files", "no limit here")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn little_room_is_a_warning_and_no_room_a_fault() {
        assert_eq!(room_of(100 << 30).state, State::Ok);
        assert_eq!(room_of(1 << 30).state, State::Warn);
        assert_eq!(room_of(1 << 20).state, State::Fail);
    }

    #[test]
    fn a_folder_that_can_be_made_is_fine_and_one_below_a_file_is_not() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(writable(folder.path()).state, State::Ok);
        assert_eq!(writable(&folder.path().join("a/b")).state, State::Ok);
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
        let file = folder.path().join("file");
        std::fs::write(&file, "").unwrap();
        assert_eq!(writable(&file).state, State::Fail);
        assert_eq!(writable(&file.join("below")).state, State::Fail);
    }

    #[test]
    fn a_port_that_is_taken_is_named() {
        let taken = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut settings = crate::config::Settings::from_loaded(
            &crate::config::load(&crate::config::Sources::default()).unwrap(),
        )
        .unwrap();
        settings.listen = taken.local_addr().unwrap();
        let check = port(&settings);
        assert_eq!(check.state, State::Fail);
        assert!(check.says.contains(&settings.listen.to_string()));
    }
}

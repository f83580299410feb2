//! Tests that need a machine of their own kind: one without a network, or with a disk that is full.
//!
//! Such a test runs itself a second time inside a Linux namespace: [`enter`] says which of the two
//! runs this is. Where the system permits no namespaces it says so and the test returns.

use std::path::Path;
use std::process::{Command, Output};

/// Set in the run inside, so that it does not go inside again.
const INSIDE: &str = "QUANTFLOW_E2E_INSIDE";

/// What the test needs for itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Apart {
    /// A network that has nothing but loopback.
    Network,
    /// Mounts that nobody else sees and that end with the test.
    Mounts,
}

impl Apart {
    const fn flag(self) -> &'static str {
        match self {
            Self::Network => "--net",
            Self::Mounts => "--mount",
        }
    }

    /// What makes the namespace as it should be, in the shell's words.
    const fn setup(self) -> &'static str {
        match self {
            Self::Network => "ip link set lo up",
            Self::Mounts => "true",
        }
    }
}

/// Whether this is the run inside. In the run outside the test `name` (as the test runner lists it)
/// is run inside, what it says is printed, and the answer is `false`: the test is done.
///
/// # Panics
/// When the run inside fails.
pub fn enter(apart: Apart, name: &str) -> bool {
    if std::env::var_os(INSIDE).is_some() {
        return true;
    }
    let Some(flags) = permitted(apart) else {
        return false;
    };
    let test = std::env::current_exe().expect("a test knows its own path");
    let run = Command::new("unshare")
        .args(&flags)
        .args([
            "sh",
            "-c",
            &format!("{} && exec \"$0\" \"$@\"", apart.setup()),
        ])
        .arg(test)
        .args(["--exact", name, "--nocapture"])
        .env(INSIDE, "1")
        .output()
        .expect("unshare ran a moment ago");
    let said = String::from_utf8_lossy(&run.stdout);
    assert!(
        run.status.success() && said.contains("1 passed"),
        "inside, {name} failed:\n{said}\n{}",
        String::from_utf8_lossy(&run.stderr)
    );
    print!("{said}");
    false
}

/// The arguments of `unshare` with which this system permits it. As root, or as root of a namespace
/// of its own.
fn permitted(apart: Apart) -> Option<Vec<&'static str>> {
    let ways = [
        vec![apart.flag()],
        vec!["--user", "--map-root-user", apart.flag()],
    ];
    let mut refused = String::new();
    for way in ways {
        let tried = Command::new("unshare")
            .args(&way)
            .args(["sh", "-c", apart.setup()])
            .output();
        match tried {
            Ok(output) if output.status.success() => return Some(way),
            Ok(output) => refused = String::from_utf8_lossy(&output.stderr).into_owned(),
            Err(error) => refused = error.to_string(),
        }
    }
    println!(
        "skipped: this system permits no {apart:?} of a test's own: {}",
        refused.trim()
    );
    None
}

/// A disk of its own in memory at `folder`, of `bytes`; it ends with the namespace.
///
/// # Panics
/// When it cannot be mounted.
pub fn mount_disk(folder: &Path, bytes: u64) {
    std::fs::create_dir_all(folder).expect("a folder to mount on");
    let mounted = Command::new("mount")
        .args(["-t", "tmpfs", "-o", &format!("size={bytes}"), "tmpfs"])
        .arg(folder)
        .output()
        .expect("mount runs");
    assert_success(&mounted, "mount");
}

/// Makes a disk that [`mount_disk`] made larger, in use as it is.
///
/// # Panics
/// When it cannot be.
pub fn grow_disk(folder: &Path, bytes: u64) {
    let grown = Command::new("mount")
        .args(["-o", &format!("remount,size={bytes}")])
        .arg(folder)
        .output();
    assert_success(&grown.expect("mount runs"), "remount");
}

fn assert_success(output: &Output, what: &str) {
    assert!(
        output.status.success(),
        "{what}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
}

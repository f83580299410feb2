//! [`Cost`]: what some work took, in CPU time of the process and in wall time.

use std::path::Path;
use std::time::{Duration, Instant};

use rustix::time::{ClockId, clock_gettime};

/// A clock that runs.
#[derive(Debug, Clone, Copy)]
pub struct Watch {
    wall: Instant,
    cpu: Duration,
}

/// What some work took.
#[derive(Debug, Clone, Copy)]
pub struct Cost {
    /// From beginning to end.
    pub wall: Duration,
    /// CPU time of all threads of the process, user and kernel.
    pub cpu: Duration,
}

fn cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

impl Watch {
    /// Starts now.
    pub fn start() -> Self {
        Self {
            wall: Instant::now(),
            cpu: cpu_time(),
        }
    }

    /// What was taken since.
    pub fn stop(self) -> Cost {
        Cost {
            wall: self.wall.elapsed(),
            cpu: cpu_time().saturating_sub(self.cpu),
        }
    }
}

/// The load of the machine over the last minute: what stands beside every absolute figure.
pub fn load() -> String {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    let first = text.split_whitespace().next().unwrap_or("unknown");
    first.to_owned()
}

/// The value below which a share of the sorted values lies.
///
/// # Panics
/// When there is none.
pub fn percentile<T: Copy>(sorted: &[T], share: f64) -> T {
    let at = (sorted.len() as f64 * share) as usize;
    sorted[at.min(sorted.len() - 1)]
}

/// Runs a peer's script of `benches/peers/` beside what was measured, if `QUANTFLOW_PEERS_PYTHON`
/// names the python that has what it needs; says that it did not otherwise.
pub fn beside(script: &str, arguments: &[&str]) {
    let Some(python) = std::env::var_os("QUANTFLOW_PEERS_PYTHON") else {
        println!("  (set QUANTFLOW_PEERS_PYTHON to run peers/{script} beside it)");
        return;
    };
    let script = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("peers")
        .join(script);
    let ran = std::process::Command::new(python)
        .arg(&script)
        .args(arguments)
        .status();
    if !ran.is_ok_and(|status| status.success()) {
        println!("  {} did not run", script.display());
    }
}

//! [`Crew`]: the worker processes.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rand::Rng;
use rand::rngs::SmallRng;

use super::process::{FOLDER, LIFE, PLACE, URL};

/// The worker processes; ended with it.
#[derive(Debug)]
pub(super) struct Crew {
    url: String,
    folder: PathBuf,
    lives: u32,
    members: Vec<Member>,
}

#[derive(Debug)]
struct Member {
    place: String,
    child: Child,
    frozen_until: Option<Instant>,
}

impl Crew {
    pub(super) fn start(url: &str, folder: &Path, workers: u64) -> Self {
        let mut crew = Self {
            url: url.to_owned(),
            folder: folder.to_owned(),
            lives: 0,
            members: Vec::new(),
        };
        for number in 0..workers {
            let place = format!("worker{number}");
            let child = crew.spawn(&place);
            crew.members.push(Member {
                place,
                child,
                frozen_until: None,
            });
        }
        crew
    }

    fn spawn(&mut self, place: &str) -> Child {
        self.lives += 1;
        let said = std::fs::OpenOptions::new()
            .create(true)
            .append(true)
            .open(self.folder.join(format!("{place}.said")))
            .unwrap();
        Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "faults::process::worker", "--nocapture"])
            .env(URL, &self.url)
            .env(FOLDER, &self.folder)
            .env(PLACE, place)
            .env(LIFE, self.lives.to_string())
            .stdin(Stdio::piped())
            .stdout(said.try_clone().unwrap())
            .stderr(said)
            .spawn()
            .unwrap()
    }

    /// Kills one and starts another in its place; seldom a frozen one, for those shall come back to
    /// leases that are over.
    pub(super) fn kill(&mut self, random: &mut SmallRng) -> &'static str {
        let awake: Vec<_> = (0..self.members.len())
            .filter(|at| self.members[*at].frozen_until.is_none())
            .collect();
        let any = awake.is_empty() || random.random_ratio(1, 8);
        let at = if any {
            random.random_range(0..self.members.len())
        } else {
            awake[random.random_range(0..awake.len())]
        };
        let place = self.members[at].place.clone();
        self.members[at].child.kill().unwrap();
        let status = self.members[at].child.wait().unwrap();
        assert_eq!(status.code(), None, "{place} ended before: {}", self.said());
        self.members[at].child = self.spawn(&place);
        self.members[at].frozen_until = None;
        "killed"
    }

    /// Freezes one until after its leases are over.
    pub(super) fn freeze(&mut self, random: &mut SmallRng, lease: Duration) -> &'static str {
        let at = random.random_range(0..self.members.len());
        let member = &mut self.members[at];
        if member.frozen_until.is_none() {
            signal(&member.child, "-STOP");
        }
        // its last renewal is at most a third of the lease ago
        let part = random.random_range(1.1..2.0);
        let until = Instant::now() + lease.mul_f64(part);
        member.frozen_until = member.frozen_until.or(Some(until));
        "frozen"
    }

    pub(super) fn thaw_those_due(&mut self) {
        let now = Instant::now();
        for member in &mut self.members {
            if member.frozen_until.is_some_and(|until| until <= now) {
                signal(&member.child, "-CONT");
                member.frozen_until = None;
            }
        }
    }

    pub(super) fn has_frozen(&self) -> bool {
        let frozen = |member: &Member| member.frozen_until.is_some();
        self.members.iter().any(frozen)
    }

    /// Lets all of them end by themselves, and waits for it.
    pub(super) fn stop(&mut self) {
        for member in &mut self.members {
            drop(member.child.stdin.take());
        }
        for at in 0..self.members.len() {
            let status = self.members[at].child.wait().unwrap();
            assert!(status.success(), "{status}: {}", self.said());
        }
    }

    /// What the processes printed.
    fn said(&self) -> String {
        let said = |member: &Member| {
            let file = self.folder.join(format!("{}.said", member.place));
            std::fs::read_to_string(file).unwrap_or_default()
        };
        self.members.iter().map(said).collect()
    }
}

impl Drop for Crew {
    fn drop(&mut self) {
        for member in &mut self.members {
            // those that ended are gone already
            let _ = member.child.kill();
            let _ = member.child.wait();
        }
    }
}

fn signal(child: &Child, name: &str) {
    let id = child.id().to_string();
    let sent = Command::new("kill").args([name, &id]).status().unwrap();
    assert!(sent.success());
}

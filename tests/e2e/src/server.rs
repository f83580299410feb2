//! The real binary: [`Server`] starts it on a data folder, reads its address from what it prints,
//! and ends it: in good order, or as a power cut would.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, Command};

/// How long anything may take before a test gives up.
pub const PATIENCE: Duration = Duration::from_mins(1);

/// Between two questions of somebody who waits: fewer than an endpoint's limit a minute.
const PACE: Duration = Duration::from_millis(250);

/// The path of the binary that was built with this test.
///
/// # Panics
/// When it is not there.
pub fn binary() -> PathBuf {
    if let Some(path) = std::env::var_os("QUANTFLOW_BINARY") {
        return PathBuf::from(path);
    }
    let test = std::env::current_exe().expect("a test knows its own path");
    let folder = test
        .ancestors()
        .nth(2)
        .expect("a test lies in target/<profile>/deps");
    let path = folder.join("quantflow");
    assert!(
        path.exists(),
        "{} is not built: run `cargo build` first",
        path.display()
    );
    path
}

/// A running `quantflow up`.
#[derive(Debug)]
pub struct Server {
    child: Child,
    /// Its address: `http://127.0.0.1:PORT`.
    pub url: String,
    http: reqwest::Client,
    said: Arc<Mutex<String>>,
}

impl Server {
    /// Starts `quantflow up` on a data folder, on a port of its own, and waits for its address.
    ///
    /// # Panics
    /// When it does not start.
    pub async fn start(data: &Path, arguments: &[&str], environment: &[(&str, &str)]) -> Self {
        let mut command = Command::new(binary());
        command
            .args(["up", "--listen", "127.0.0.1:0", "--data-dir"])
            .arg(data)
            .args(arguments)
            .envs(environment.iter().copied())
            .current_dir(data);
        Self::launch(command).await
    }

    /// Starts `quantflow up` as somebody does who has just built it: no flag, no configuration, an
    /// empty home, in an empty folder.
    ///
    /// # Panics
    /// When it does not start: also when something else has its usual port.
    pub async fn start_plain(home: &Path) -> Self {
        let mut command = Command::new(binary());
        for (name, _) in std::env::vars_os() {
            let text = name.to_string_lossy();
            if text.starts_with("QUANTFLOW") || text.starts_with("XDG_") || text == "LOG_LEVEL" {
                command.env_remove(name);
            }
        }
        command.arg("up").env("HOME", home).current_dir(home);
        Self::launch(command).await
    }

    async fn launch(mut command: Command) -> Self {
        // reqwest wants one for the process; an error means that a test before has installed it
        let _ = rustls::crypto::ring::default_provider().install_default();
        command
            .env("NO_COLOR", "1")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        let mut child = command.spawn().expect("the binary starts");
        let said = Arc::new(Mutex::new(String::new()));
        let mut errors = BufReader::new(child.stderr.take().unwrap()).lines();
        let heard = Arc::clone(&said);
        tokio::spawn(async move {
            while let Ok(Some(line)) = errors.next_line().await {
                eprintln!("{line}");
                let mut heard = heard.lock().unwrap_or_else(PoisonError::into_inner);
                heard.push_str(&line);
                heard.push('\n');
            }
        });
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let url = tokio::time::timeout(PATIENCE, async {
            while let Some(line) = lines.next_line().await.unwrap() {
                if let Some(at) = line.find("http://") {
                    return line[at..].split_whitespace().next().unwrap().to_owned();
                }
            }
            panic!("the server ended without saying its address");
        })
        .await
        .expect("the server says its address in time");
        tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
        Self {
            child,
            url: url.trim_end_matches('/').to_owned(),
            http: reqwest::Client::new(),
            said,
        }
    }

    /// What it has logged so far.
    pub fn said(&self) -> String {
        self.said
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// As [`Server::said`], also once it has ended.
    pub fn log(&self) -> impl Fn() -> String + use<> {
        let said = Arc::clone(&self.said);
        move || said.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The process.
    pub fn pid(&self) -> u32 {
        self.child.id().expect("it runs")
    }

    /// The answer's status and JSON.
    ///
    /// # Panics
    /// When there is no answer, or it is no JSON.
    pub async fn get(&self, path: &str) -> (u16, Value) {
        let answer = self
            .http
            .get(format!("{}{path}", self.url))
            .send()
            .await
            .expect("an answer");
        let status = answer.status().as_u16();
        let text = answer.text().await.expect("a body");
        (status, serde_json::from_str(&text).expect("JSON"))
    }

    /// The `data` of a successful answer.
    ///
    /// # Panics
    /// When it is not successful.
    pub async fn data(&self, path: &str) -> Value {
        let (status, mut body) = self.get(path).await;
        assert_eq!(status, 200, "{path}: {body}");
        body["data"].take()
    }

    /// Asks until the `data` of an answer is as wanted.
    ///
    /// # Panics
    /// When it is not in time; says what came last.
    pub async fn until(&self, path: &str, wanted: impl FnMut(&Value) -> bool) -> Value {
        self.until_within(PATIENCE, path, wanted).await
    }

    /// As [`Server::until`], with another patience.
    ///
    /// # Panics
    /// When it is not in time; says what came last.
    pub async fn until_within(
        &self,
        patience: Duration,
        path: &str,
        mut wanted: impl FnMut(&Value) -> bool,
    ) -> Value {
        self.ask_until(patience, path, |status, answer| {
            if status == 200 {
                *answer = answer["data"].take();
            }
            (status == 200 && wanted(answer)).then(|| answer.take())
        })
        .await
    }

    /// Asks again and again until `take` takes something of an answer: another process's HTTP tells
    /// nothing by itself.
    async fn ask_until(
        &self,
        patience: Duration,
        path: &str,
        mut take: impl FnMut(u16, &mut Value) -> Option<Value>,
    ) -> Value {
        let mut last = Value::Null;
        let asked = tokio::time::timeout(patience, async {
            loop {
                let (status, mut answer) = self.get(path).await;
                if let Some(taken) = take(status, &mut answer) {
                    return taken;
                }
                last = answer;
                tokio::time::sleep(PACE).await;
            }
        })
        .await;
        match asked {
            Ok(taken) => taken,
            Err(tokio::time::error::Elapsed { .. }) => panic!(
                "{path} did not become as wanted; last: {last}\n{}",
                self.state().await
            ),
        }
    }

    /// What the server says of itself: for whoever reads why a test failed.
    async fn state(&self) -> String {
        let mut said = String::new();
        for path in ["/health", "/api/v1/connections", "/metrics"] {
            let answer = self.http.get(format!("{}{path}", self.url)).send().await;
            let text = match answer {
                Ok(answer) => answer.text().await.unwrap_or_else(|e| e.to_string()),
                Err(error) => error.to_string(),
            };
            let lines = text.lines().filter(|line| {
                path != "/metrics"
                    || line.starts_with("quantflow_ingest")
                    || line.starts_with("quantflow_pipeline")
                    || line.starts_with("external_api_calls")
            });
            said.extend([path, ":\n"]);
            for line in lines {
                said.extend([line, "\n"]);
            }
        }
        said
    }

    /// Asks until an answer that has no envelope (`/health`) is as wanted, whatever its status.
    ///
    /// # Panics
    /// When it is not in time; says what came last.
    pub async fn until_bare(&self, path: &str, mut wanted: impl FnMut(&Value) -> bool) -> Value {
        self.ask_until(PATIENCE, path, |_, answer| {
            wanted(answer).then(|| answer.take())
        })
        .await
    }

    /// Listens to live channels, as server-sent events.
    ///
    /// # Panics
    /// When they are refused.
    pub async fn listen(&self, channels: &str) -> Listening {
        let url = format!("{}/stream?channels={channels}", self.url);
        let answer = self.http.get(url).send().await.expect("an answer");
        assert_eq!(answer.status().as_u16(), 200, "{channels} are refused");
        Listening {
            answer,
            heard: String::new(),
        }
    }

    /// Ends it in good order and returns whether it ended with 0.
    ///
    /// # Panics
    /// When it does not end in time.
    pub async fn stop(mut self) -> bool {
        let pid = self.pid().to_string();
        let signalled = Command::new("kill").args(["-TERM", &pid]).status().await;
        assert!(signalled.expect("kill runs").success());
        let ended = tokio::time::timeout(Duration::from_secs(15), self.child.wait()).await;
        ended
            .expect("it ends within its ten seconds")
            .expect("its status")
            .success()
    }

    /// Ends it as a power cut of the process would.
    ///
    /// # Panics
    /// When it cannot be killed.
    pub async fn kill(mut self) {
        self.child.kill().await.expect("it can be killed");
    }
}

/// Live channels that somebody listens to.
#[derive(Debug)]
pub struct Listening {
    answer: reqwest::Response,
    heard: String,
}

impl Listening {
    /// Waits until some words came, and returns the event that has them.
    ///
    /// # Panics
    /// When they do not come in time.
    pub async fn until(&mut self, words: &str) -> String {
        let heard = tokio::time::timeout(PATIENCE, async {
            loop {
                if let Some((event, rest)) = self.heard.split_once("\n\n") {
                    let (event, rest) = (event.to_owned(), rest.to_owned());
                    self.heard = rest;
                    if event.contains(words) {
                        return event;
                    }
                    continue;
                }
                let more = self.answer.chunk().await.expect("it goes on");
                let more = more.expect("the server goes on");
                self.heard.push_str(&String::from_utf8_lossy(&more));
            }
        });
        heard.await.unwrap_or_else(|_| panic!("{words} never came"))
    }
}

//! A venue's archives on this machine: an HTTP server whose files and troubles the test chooses.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex, PoisonError};

/// What happens to a request instead of its answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// 503, to be asked again at once.
    Unavailable,
    /// 429, to be asked again after a second.
    TooMany,
    /// The connection ends in the middle of the body.
    CutOff,
    /// Other bytes than should come.
    Garbled,
    /// A status that asking again does not change.
    Forbidden,
    /// Half of the body comes, and nothing more until [`Site::release`].
    Stalls,
}

#[derive(Debug, Default)]
struct Inner {
    files: BTreeMap<String, Vec<u8>>,
    /// By path; the first is used up first.
    troubles: BTreeMap<String, Vec<Trouble>>,
    asked: Vec<String>,
    released: bool,
}

/// The server. It ends with the test's process.
pub(crate) struct Site {
    address: SocketAddr,
    inner: Arc<(Mutex<Inner>, Condvar)>,
}

impl Site {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let inner = Arc::new((Mutex::new(Inner::default()), Condvar::new()));
        let shared = Arc::clone(&inner);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let shared = Arc::clone(&shared);
                // a client that is gone is no fault of ours
                std::thread::spawn(move || answer(stream.unwrap(), &shared));
            }
        });
        Self { address, inner }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    fn with<T>(&self, act: impl FnOnce(&mut Inner) -> T) -> T {
        act(&mut self.inner.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Puts an archive where the venue has it, below `data/spot`, with its checksum or without.
    pub(crate) fn put(&self, path: &str, content: &str, with_checksum: bool) {
        let name = path.rsplit('/').next().unwrap();
        let bytes = super::bytes::archive(name, content);
        let checksum = super::bytes::checksum(name, &bytes).into_bytes();
        self.with(|inner| {
            let path = format!("/data/spot/{path}");
            if with_checksum {
                inner.files.insert(format!("{path}.CHECKSUM"), checksum);
            }
            inner.files.insert(path, bytes);
        });
    }

    pub(crate) fn trouble(&self, path: &str, troubles: &[Trouble]) {
        let path = format!("/data/spot/{path}");
        self.with(|inner| inner.troubles.insert(path, troubles.to_vec()));
    }

    /// How often a path was asked for.
    pub(crate) fn asked(&self, path: &str) -> usize {
        let path = format!("/data/spot/{path}");
        self.with(|inner| inner.asked.iter().filter(|asked| **asked == path).count())
    }

    /// How many archives themselves were asked for.
    pub(crate) fn fetched(&self) -> usize {
        self.with(|inner| {
            inner
                .asked
                .iter()
                .filter(|asked| !asked.ends_with(".CHECKSUM"))
                .count()
        })
    }

    /// Lets stalled answers go on.
    pub(crate) fn release(&self) {
        self.with(|inner| inner.released = true);
        self.inner.1.notify_all();
    }
}

fn answer(mut stream: TcpStream, shared: &(Mutex<Inner>, Condvar)) {
    let lock = || shared.0.lock().unwrap_or_else(PoisonError::into_inner);
    let mut request = Vec::new();
    let mut buffer = [0; 4096];
    while !request.windows(4).any(|end| end == b"\r\n\r\n") {
        match stream.read(&mut buffer) {
            Ok(0) | Err(_) => return,
            Ok(read) => request.extend_from_slice(&buffer[..read]),
        }
    }
    let request = String::from_utf8_lossy(&request).into_owned();
    let path = request.split(' ').nth(1).unwrap_or_default().to_owned();
    let (file, trouble) = {
        let mut inner = lock();
        inner.asked.push(path.clone());
        let trouble = inner
            .troubles
            .get_mut(&path)
            .filter(|troubles| !troubles.is_empty())
            .map(|troubles| troubles.remove(0));
        (inner.files.get(&path).cloned(), trouble)
    };
    let mut body = file.clone().unwrap_or_default();
    let status = match (trouble, &file) {
        (Some(Trouble::Unavailable), _) => "503 Slow Down\r\nretry-after: 0",
        (Some(Trouble::TooMany), _) => "429 Too Many Requests\r\nretry-after: 1",
        (Some(Trouble::Forbidden), _) => "403 Forbidden",
        (_, None) => "404 Not Found",
        _ => "200 OK",
    };
    if trouble == Some(Trouble::Garbled) {
        let middle = body.len() / 2;
        body[middle] ^= 1;
    }
    let length = body.len();
    let _ = write!(
        stream,
        "HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n"
    );
    match trouble {
        Some(Trouble::CutOff) => {
            let _ = stream.write_all(&body[..length / 2]);
        }
        Some(Trouble::Stalls) => {
            let _ = stream.write_all(&body[..length / 2]);
            let waiting = shared.1.wait_while(lock(), |inner| !inner.released);
            drop(waiting);
            let _ = stream.write_all(&body[length / 2..]);
        }
        _ => {
            let _ = stream.write_all(&body);
        }
    }
}

//! What to do about an error that ended a server, or kept it from starting.

use std::io;

use quantflow_seams::LogError;

/// What to do, by what is at the bottom of the error.
pub(crate) fn of(error: &anyhow::Error) -> &'static str {
    for cause in error.chain() {
        if let Some(LogError::Locked { .. }) = cause.downcast_ref() {
            return "a server runs on this folder already: use that one, stop it, or name another --data-dir";
        }
        let Some(cause) = cause.downcast_ref::<io::Error>() else {
            continue;
        };
        return match cause.kind() {
            io::ErrorKind::AddrInUse => {
                "another program listens there (a quantflow that runs already?): stop it, or choose another with --listen"
            }
            io::ErrorKind::AddrNotAvailable => {
                "this machine has no such address: 127.0.0.1 serves this machine alone, 0.0.0.0 every network it is in"
            }
            io::ErrorKind::PermissionDenied => {
                "give this user the right to it, or choose another: --data-dir for the folder, --listen for the port (1024 and above)"
            }
            io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
                "free some space, then start it again"
            }
            io::ErrorKind::ReadOnlyFilesystem => {
                "name a folder that can be written with --data-dir"
            }
            _ => break,
        };
    }
    "`quantflow doctor` looks for what is wrong and says what to do"
}

#[cfg(test)]
mod tests {
    use anyhow::Context;

    use super::*;

    #[test]
    fn the_bottom_of_an_error_says_what_to_do() {
        let of_kind = |kind: io::ErrorKind| {
            let error = Err::<(), _>(io::Error::from(kind));
            of(&error.context("start").unwrap_err())
        };
        assert!(of_kind(io::ErrorKind::AddrInUse).contains("--listen"));
        assert!(of_kind(io::ErrorKind::AddrNotAvailable).contains("0.0.0.0"));
        assert!(of_kind(io::ErrorKind::StorageFull).contains("free some space"));
        assert!(of_kind(io::ErrorKind::Other).contains("doctor"));
        let locked = LogError::Locked {
            place: "x".to_owned(),
            holder: "7".to_owned(),
        };
        let locked = Err::<(), _>(locked).context("open the raw log");
        assert!(of(&locked.unwrap_err()).contains("already"));
    }
}

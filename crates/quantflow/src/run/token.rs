//! The bootstrap token: what writing over the API needs while no accounts are configured.

use std::io::Write;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use quantflow_gateway::Token;
use rand::TryRngCore;
use rand::rngs::OsRng;

use crate::config::Settings;

/// Where a data folder's token is.
fn path(data_dir: &Path) -> PathBuf {
    data_dir.join("token")
}

/// The configured token, else the data folder's.
///
/// # Errors
/// When the configured one is too short, or as [`read_or_make`].
pub(crate) fn of(settings: &Settings) -> Result<Token> {
    match &settings.token {
        Some(secret) => Token::new(secret.reveal())
            .context("the configured token has less than 16 characters: it could be guessed"),
        None => read_or_make(&settings.data_dir),
    }
}

/// Reads the data folder's token; makes one where there is none, readable by its owner only.
///
/// # Errors
/// When the file cannot be read or made, or holds something too short to be a secret.
fn read_or_make(data_dir: &Path) -> Result<Token> {
    let path = path(data_dir);
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => make(&path)?,
        Err(error) => return Err(error).with_context(|| format!("read {}", path.display())),
    };
    Token::new(&text).with_context(|| {
        format!(
            "{} holds less than 16 characters: remove it, a new one is made",
            path.display()
        )
    })
}

fn make(path: &Path) -> Result<String> {
    let mut bytes = [0_u8; 16];
    OsRng
        .try_fill_bytes(&mut bytes)
        .context("draw a token from the system")?;
    let text = format!("{:x}", u128::from_le_bytes(bytes));
    let mut file = std::fs::OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(path)
        .with_context(|| format!("make {}", path.display()))?;
    writeln!(file, "{text}").with_context(|| format!("write {}", path.display()))?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_token_stays_and_is_the_owners_alone() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        read_or_make(folder.path()).unwrap();
        let first = std::fs::read_to_string(path(folder.path())).unwrap();
        read_or_make(folder.path()).unwrap();
        assert_eq!(std::fs::read_to_string(path(folder.path())).unwrap(), first);
        let mode = std::fs::metadata(path(folder.path()))
            .unwrap()
            .permissions()
            .mode();
        assert_eq!(mode & 0o777, 0o600);
        std::fs::write(path(folder.path()), "short").unwrap();
        assert!(
            read_or_make(folder.path())
                .unwrap_err()
                .to_string()
                .contains("16 characters")
        );
    }
}

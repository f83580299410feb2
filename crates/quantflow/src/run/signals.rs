//! The signals that end the process.

use tokio::signal::unix::{SignalKind, signal};

/// Waits for the first request to end (Ctrl-C, SIGTERM). From then on a second one ends at once:
/// what the log has is safe at any moment.
///
/// # Errors
/// When the system does not let us listen.
pub(crate) async fn ended() -> std::io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    tokio::select! {
        _ = terminate.recv() => {}
        _ = interrupt.recv() => {}
    }
    tokio::spawn(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        std::process::exit(130);
    });
    Ok(())
}

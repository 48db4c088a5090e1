//! What a `main` does with a server.

use tokio::signal::unix::{SignalKind, signal};

use crate::{ServerBuilder, StartError, logging};

impl ServerBuilder {
    /// All of a `main` behind the settings: starts the log that they ask for, [builds](Self::build), says `listening` in
    /// the log, and serves until SIGTERM or SIGINT.
    ///
    /// # Errors
    /// [`StartError`] where something is missing, broken or taken, or where this process has a log already.
    pub async fn serve(self) -> Result<(), StartError> {
        let _log = logging::start(&self.settings().log)?;
        let stop = stop_signal()?;
        let server = self.build().await?;
        let url = server.public_url();
        let (address, docs) = (server.address(), format!("{url}/docs"));
        tracing::info!(%address, url, docs, "listening");
        server.run(stop).await
    }
}

/// Ends with SIGTERM or SIGINT.
fn stop_signal() -> Result<impl Future<Output = ()>, StartError> {
    let listen = |kind| signal(kind).map_err(|source| StartError::Io { what: "signals can't be heard".into(), source });
    let (mut terminate, mut interrupt) = (listen(SignalKind::terminate())?, listen(SignalKind::interrupt())?);
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

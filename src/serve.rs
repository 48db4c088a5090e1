//! Running a server as a process: log and signals.

use tokio::signal::unix::{SignalKind, signal};

use crate::{ServerBuilder, StartError, logging};

impl ServerBuilder {
    /// Runs the server as a process does: starts the log, [builds](Self::build) the server, logs `listening`, and serves until
    /// SIGTERM or SIGINT.
    ///
    /// # Errors
    /// Those of [`build`](Self::build) and [`Server::run`](crate::Server::run), and [`StartError`] if this process has a log
    /// already.
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

/// Returns a future that ends with SIGTERM or SIGINT.
fn stop_signal() -> Result<impl Future<Output = ()>, StartError> {
    let listen =
        |kind| signal(kind).map_err(|source| StartError::Io { what: "signals can't be handled".into(), source });
    let (mut terminate, mut interrupt) = (listen(SignalKind::terminate())?, listen(SignalKind::interrupt())?);
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
}

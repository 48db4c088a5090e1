//! Running a server as a process: log and signals.

use std::fs;

use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    sync::oneshot,
};

use crate::{ServerBuilder, StartError, logging};

impl ServerBuilder {
    /// Runs the server as a process does: starts the log, [builds](Self::build) the server, logs `listening`, and serves until
    /// SIGTERM, SIGINT or SIGHUP. A SIGINT after one of them ends it at once, and so does any of them before it is ready.
    ///
    /// # Errors
    /// Those of [`build`](Self::build) and [`Server::run`](crate::Server::run), [`StartError::Interrupted`], and
    /// [`StartError`] if this process has a log already.
    pub async fn serve(self) -> Result<(), StartError> {
        let _log = logging::start(&self.settings().log)?;
        let mut signals = Signals::listen()?;
        let (stop, stopped) = oneshot::channel();
        let server = tokio::select! {
            server = self.build() => server?,
            // A migration that is interrupted goes on at the next start.
            () = signals.next() => {
                tracing::info!("stopped before it was ready");
                return Ok(());
            }
        };
        let serving = async {
            let url = server.public_url();
            let (address, docs) = (server.address(), format!("{url}/docs"));
            tracing::info!(%address, url, docs, "listening");
            server.run(async { drop(stopped.await) }).await
        };
        // One listener for both signals: the second is not taken for the first, however soon it comes.
        let interrupted = async {
            signals.next().await;
            let _ = stop.send(());
            signals.interrupt.recv().await;
        };
        tokio::select! {
            ended = serving => ended,
            () = interrupted => {
                tracing::warn!("interrupted: running requests are not finished");
                Err(StartError::Interrupted)
            }
        }
    }
}

/// The signals that end the server.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
    /// `None` if it is ignored: the process was started by `nohup`, to outlive its terminal.
    hangup: Option<Signal>,
}

impl Signals {
    fn listen() -> Result<Self, StartError> {
        let listen =
            |kind| signal(kind).map_err(|source| StartError::Io { what: "signals can't be handled".into(), source });
        let hangup = if is_hangup_ignored() { None } else { Some(listen(SignalKind::hangup())?) };
        Ok(Self { terminate: listen(SignalKind::terminate())?, interrupt: listen(SignalKind::interrupt())?, hangup })
    }

    /// Waits for one of them.
    async fn next(&mut self) {
        let hangup = async {
            match &mut self.hangup {
                Some(hangup) => hangup.recv().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
            _ = hangup => {}
        }
    }
}

/// Reads it from Linux; elsewhere SIGHUP counts as not ignored. Listening to it would end that.
fn is_hangup_ignored() -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).is_some_and(|mask| mask & 1 == 1)
}

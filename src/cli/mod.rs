//! The command line.

mod arguments;
mod check;
mod import_from;
mod migrate;
mod output;
mod users;

use std::{
    io::{Write, stderr},
    process::ExitCode,
    sync::Arc,
};

use clap::Parser;
use memo_domain::{Store, StoreError};
use tokio::runtime::Builder;

use crate::{Server, Settings, StartError, store_source::StoreSource};
use arguments::{Arguments, Command};

/// Runs the command that the arguments of this process name. Prints an error as one line on standard error.
#[must_use]
pub fn run() -> ExitCode {
    exit(run_over(StoreSource::Settings))
}

/// Like [`run`], over a store of your own instead of the one that `database.url` names.
///
/// `open` is called once, by the commands that need the store. A store without migrations of its own must open with its
/// schema up to date; `migrate` does nothing.
///
/// ```no_run
/// use std::{process::ExitCode, sync::Arc};
///
/// use memo_memory::MemoryStore;
/// use memo_server::cli;
///
/// fn main() -> ExitCode {
///     cli::run_with(|settings| async move {
///         println!("data in {}", settings.data_dir.display());
///         Ok(Arc::new(MemoryStore::new()))
///     })
/// }
/// ```
pub fn run_with<S, F>(open: impl FnOnce(Settings) -> F + Send + 'static) -> ExitCode
where
    S: Store + 'static,
    F: Future<Output = Result<Arc<S>, StoreError>> + Send + 'static,
{
    exit(run_over(StoreSource::Own(Box::new(|settings| {
        let opening = open(settings);
        Box::pin(async move { Ok(opening.await? as Arc<dyn Store>) })
    }))))
}

fn exit(result: Result<(), StartError>) -> ExitCode {
    match result {
        Ok(()) | Err(StartError::OutputClosed) => ExitCode::SUCCESS,
        // As a shell reports a process that SIGINT has ended.
        Err(StartError::Interrupted) => ExitCode::from(130),
        Err(error) => {
            let _ = writeln!(stderr(), "memo: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run_over(store: StoreSource) -> Result<(), StartError> {
    match Arguments::parse().command.unwrap_or(Command::Serve) {
        Command::Serve => block_on(Server::builder(Settings::load()?).store_source(store).serve()),
        Command::Migrate { direction } => block_on(migrate::run(&Settings::load()?, store, &direction)),
        Command::User { action } => block_on(users::run(&Settings::load()?, store, action)),
        Command::Check => block_on(check::run(store)),
        Command::ImportFrom { kind, file } => import_from::run(kind, &file),
        Command::Openapi => output::print(format_args!("{:#}", memo_web::openapi())),
    }
}

/// Runs a command. What it has left behind on other threads does not keep the process alive: a name server that does not answer,
/// for one, may be asked for a minute.
fn block_on(command: impl Future<Output = Result<(), StartError>>) -> Result<(), StartError> {
    let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build();
    let runtime = runtime.map_err(|source| StartError::Io { what: "the runtime can't be started".into(), source })?;
    let result = runtime.block_on(command);
    runtime.shutdown_background();
    result
}

#[cfg(test)]
mod tests {
    use std::{sync::mpsc::channel, thread, time::Duration};

    use tokio::task::spawn_blocking;

    use super::*;

    #[test]
    fn a_thread_that_a_command_has_left_behind_does_not_keep_it_from_ending() {
        let (release, held) = channel::<()>();
        let (sender, ended) = channel();
        thread::spawn(move || {
            let result = block_on(async {
                drop(spawn_blocking(move || held.recv()));
                // It has begun, and not just been queued.
                let _ = spawn_blocking(|| ()).await;
                Ok(())
            });
            let _ = sender.send(result.is_ok());
        });
        assert_eq!(ended.recv_timeout(Duration::from_mins(1)), Ok(true));
        drop(release);
    }
}

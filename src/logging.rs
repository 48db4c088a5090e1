//! The log: to standard output, or to a folder with a new file each day.

use std::io;

use tracing_appender::non_blocking::WorkerGuard;
use tracing_subscriber::{EnvFilter, Layer, fmt, layer::SubscriberExt, util::SubscriberInitExt};

use crate::{LogFormat, LogSettings, StartError};

/// Starts the log. What was logged is written out when the guard is dropped.
pub fn start(settings: &LogSettings) -> Result<WorkerGuard, StartError> {
    // The lines that actix writes at its start say nothing that `listening` does not; that one is for tools, too, and comes
    // at any level.
    let filter =
        EnvFilter::try_new(format!("actix_server=warn,memo_server::serve=info,{}", settings.level)).map_err(|_| {
            StartError::Unusable("settings: log.level is a level or directives such as info,sqlx=warn".into())
        })?;
    let (writer, guard) = match &settings.file {
        Some(folder) => {
            let file = tracing_appender::rolling::Builder::new()
                .rotation(tracing_appender::rolling::Rotation::DAILY)
                .filename_prefix("memo")
                .filename_suffix("log")
                .build(folder)
                .map_err(|error| {
                    StartError::Unusable(format!("the log can't be written to {}: {error}", folder.display()))
                })?;
            tracing_appender::non_blocking(file)
        }
        None => tracing_appender::non_blocking(io::stdout()),
    };
    let colours = settings.file.is_none() && io::IsTerminal::is_terminal(&io::stdout());
    let layer = match settings.format {
        LogFormat::Pretty => fmt::layer().with_ansi(colours).with_writer(writer).boxed(),
        LogFormat::Json => fmt::layer().json().flatten_event(true).with_span_list(false).with_writer(writer).boxed(),
    };
    // Beside the layer, not of it: a filter of a layer forgets to take back what the SQL drivers ask of it, whether a level is
    // logged, and with a no it leaves out the next line of the same thread.
    tracing_subscriber::registry()
        .with(filter)
        .with(layer)
        .try_init()
        .map_err(|error| StartError::Unusable(format!("the log can't be started: {error}")))?;
    Ok(guard)
}

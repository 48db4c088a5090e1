//! The log: standard output, or a folder with a new file each day.

use std::{
    fmt::Debug,
    fs::File,
    io::{self, BufWriter, Write},
    os::fd::AsFd,
    panic,
    path::Path,
    thread,
    time::Duration,
};

use tracing::{
    Event, Level, Subscriber,
    field::{Field, Visit},
};
use tracing_appender::{
    non_blocking::{NonBlocking, NonBlockingBuilder, WorkerGuard},
    rolling::{RollingFileAppender, Rotation},
};
use tracing_subscriber::{
    EnvFilter, Layer,
    fmt::{
        self, FmtContext, FormatEvent, FormatFields, MakeWriter,
        format::{Format, Json, JsonFields, Writer},
    },
    layer::{Context, SubscriberExt},
    registry::LookupSpan,
    util::SubscriberInitExt,
};

use crate::{LogFormat, LogSettings, StartError};

/// The bytes that are written at once.
const BUFFER: usize = 64 * 1024;
/// How many lines wait while the disk is slow; more are dropped. Their places take memory from the start, 32 bytes each.
const MAX_WAITING: usize = 16_384;
/// The longest time that a line waits for those after it.
const PAUSE: Duration = Duration::from_millis(5);

/// Starts the log. Dropping the guard writes what is still buffered.
pub fn start(settings: &LogSettings) -> Result<WorkerGuard, StartError> {
    // actix repeats what `listening` says. That line is read by tools, so it is logged at every level.
    let filter = EnvFilter::try_new(format!("actix_server=warn,memo_server::serve=info,{}", settings.level))
        .map_err(|_| StartError::setting("log.level must be a level or directives such as info,sqlx=warn"))?;
    let (writer, guard) = if let Some(folder) = &settings.file {
        background(daily(folder)?)
    } else {
        // Not the handle of the standard library, which writes each line by itself.
        let output = io::stdout().as_fd().try_clone_to_owned();
        let output = output.map_err(|error| StartError::unusable(format!("standard output is closed: {error}")))?;
        background(File::from(output))
    };
    let colours = settings.file.is_none() && io::IsTerminal::is_terminal(&io::stdout());
    let layer = match settings.format {
        LogFormat::Pretty => fmt::layer().with_ansi(colours).with_writer(writer).boxed(),
        LogFormat::Json => json(writer).boxed(),
    };
    // A filter of its own, not one of the layer: after the SQL drivers have asked whether a level is enabled, a layer's filter
    // drops the next line of the same thread.
    tracing_subscriber::registry()
        .with(filter)
        .with(layer)
        .with(ClientErrors)
        .try_init()
        .map_err(|error| StartError::unusable(format!("the log can't be started: {error}")))?;
    log_panics();
    Ok(guard)
}

/// Panics are faults of the program: they belong where its operator looks.
fn log_panics() {
    panic::set_hook(Box::new(|panic| {
        let message = panic.payload_as_str().unwrap_or_default();
        let place = panic.location().map(ToString::to_string).unwrap_or_default();
        tracing::error!(place, thread = thread::current().name(), "panicked: {message}");
    }));
}

/// Writes lines of JSON.
fn json<S: Subscriber + for<'a> LookupSpan<'a>>(writer: impl for<'w> MakeWriter<'w> + 'static) -> impl Layer<S> {
    let lines = JsonLines(fmt::format().json().flatten_event(true).with_span_list(false));
    fmt::layer().event_format(lines).fmt_fields(JsonFields::new()).with_writer(writer)
}

/// Lines of JSON that all have a message: events of other crates may have none.
struct JsonLines(Format<Json>);

impl<S, N> FormatEvent<S, N> for JsonLines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, context: &FmtContext<'_, S, N>, mut out: Writer<'_>, event: &Event<'_>) -> std::fmt::Result {
        if event.metadata().fields().field("message").is_some() {
            return self.0.format_event(context, out, event);
        }
        let mut line = String::new();
        self.0.format_event(context, Writer::new(&mut line), event)?;
        // Of a statement, what the driver shows of it.
        let message = serde_json::Value::from(text(event, "summary"));
        writeln!(out, "{},\"message\":{message}}}", line.trim_end().strip_suffix('}').ok_or(std::fmt::Error)?)
    }
}

/// Opens the file of today in a folder. Both are created if they are missing.
pub fn daily(folder: &Path) -> Result<RollingFileAppender, StartError> {
    RollingFileAppender::builder()
        .rotation(Rotation::DAILY)
        .filename_prefix("memo")
        .filename_suffix("log")
        .build(folder)
        .map_err(|error| StartError::unusable(format!("the log can't be written to {}: {error}", folder.display())))
}

/// Writes on a thread of its own, which flushes whenever no line waits.
fn background(output: impl Write + Send + 'static) -> (NonBlocking, WorkerGuard) {
    NonBlockingBuilder::default()
        .buffered_lines_limit(MAX_WAITING)
        .finish(Batched(BufWriter::with_capacity(BUFFER, output)))
}

/// Pauses after each flush. The lines of that time are written together: a thread that waits for each line costs the
/// thread that logs it a wake-up, more than the line itself.
struct Batched<W: Write>(BufWriter<W>);

impl<W: Write> Write for Batched<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    #[expect(clippy::disallowed_methods, reason = "the thread of the log does nothing else")]
    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()?;
        thread::sleep(PAUSE);
        Ok(())
    }
}

/// Logs a connection that the HTTP framework ended because of its client as what it is, at `debug`: the framework calls it an
/// error, and any client could fill the log with those.
struct ClientErrors;

impl<S: Subscriber> Layer<S> for ClientErrors {
    fn event_enabled(&self, event: &Event<'_>, _: Context<'_, S>) -> bool {
        let metadata = event.metadata();
        if *metadata.level() != Level::ERROR || metadata.target() != "actix_http::h1::dispatcher" {
            return true;
        }
        let message = text(event, "message");
        let Some(reason) = message.strip_prefix("stream error: ") else { return true };
        tracing::debug!(target: "memo::http", reason, "unreadable request");
        false
    }
}

/// Returns the text of a field of an event; empty if it has no such field.
fn text(event: &Event<'_>, field: &'static str) -> String {
    let mut found = Text { field, text: String::new() };
    event.record(&mut found);
    found.text
}

struct Text {
    field: &'static str,
    text: String,
}

impl Visit for Text {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == self.field {
            value.clone_into(&mut self.text);
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        if field.name() == self.field {
            self.text = format!("{value:?}");
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Lines(Arc<Mutex<Vec<u8>>>);

    impl Write for Lines {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().expect("no test panics").write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn each_line_of_json_has_a_message() {
        let lines = Lines::default();
        let writer = lines.clone();
        tracing::subscriber::with_default(tracing_subscriber::registry().with(json(move || writer.clone())), || {
            tracing::info!("as usual");
            tracing::info!(summary = "SELECT \"1\"", rows = 1);
            tracing::info!(rows = 1);
        });
        let text = String::from_utf8(lines.0.lock().expect("no test panics").clone()).expect("UTF-8");
        let lines: Vec<serde_json::Value> =
            text.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
        let messages: Vec<_> = lines.iter().map(|line| line["message"].as_str().expect("a message")).collect();
        assert_eq!(messages, ["as usual", "SELECT \"1\"", ""]);
        assert!(lines.iter().all(|line| line["level"] == "INFO" && line["timestamp"].is_string()), "{text}");
    }
}

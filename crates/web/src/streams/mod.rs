//! Streamed bodies: requests are read line by line, or as bytes, and spooled to a file, responses are sent part by part with back-pressure.
//! A pause longer than the idle timeout ends either.

mod events;
mod incoming;
mod outgoing;
mod slot;
mod spool;

pub use events::{beginning, comment, event, event_stream, numbered_event};
pub use incoming::Lines;
pub use outgoing::{json_lines, streamed};
pub use slot::{Sender, slot};
pub use spool::{Spool, SpoolWriter, Spooled};

/// The media type of newline-delimited JSON.
pub const NDJSON: &str = "application/x-ndjson";
/// The media type of zip archives.
pub const ZIP: &str = "application/zip";

use std::{
    fmt::Display,
    future::{Ready, ready},
    mem,
    time::Duration,
};

use actix_web::{FromRequest, HttpRequest, dev::Payload};
use futures_util::StreamExt;
use tokio::time::timeout;

use crate::{
    digest::unreadable,
    input,
    problem::{Code, Problem},
};

/// The lines of a body, or its bytes, as they arrive.
pub struct Lines {
    payload: Payload,
    buffer: Vec<u8>,
    /// Where the next line begins in the buffer.
    start: usize,
    /// How many bytes have arrived.
    size: u64,
    /// The maximum of that.
    max_size: u64,
    is_complete: bool,
    /// The maximum size of a line.
    limit: usize,
    idle_timeout: Duration,
}

impl FromRequest for Lines {
    type Error = actix_web::Error;
    type Future = Ready<Result<Self, Self::Error>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let lines = input::accepted(request).map(|(policy, settings)| Self {
            payload: payload.take(),
            buffer: Vec::new(),
            start: 0,
            size: 0,
            max_size: settings.import_limit,
            is_complete: false,
            limit: policy.size.limit(settings.body_limit),
            idle_timeout: settings.request_timeout,
        });
        ready(lines.map_err(Into::into))
    }
}

impl Lines {
    /// The next line, without its end.
    pub async fn next(&mut self) -> Result<Option<Vec<u8>>, Problem> {
        let mut searched = self.start;
        loop {
            if let Some(length) = self.buffer[searched..].iter().position(|byte| *byte == b'\n') {
                let end = searched + length;
                let line = self.buffer[self.start..end].to_vec();
                self.start = end + 1;
                return self.limited(line).map(Some);
            }
            // Once per chunk, not once per line: the time is linear whatever the lines are.
            self.buffer.drain(..mem::take(&mut self.start));
            if self.is_complete {
                let line = mem::take(&mut self.buffer);
                return if line.is_empty() { Ok(None) } else { self.limited(line).map(Some) };
            }
            searched = self.buffer.len();
            if searched > self.limit {
                return Err(too_large(self.limit));
            }
            self.receive().await?;
        }
    }

    /// Skips the blank lines that have arrived, and returns their number: millions of them fit into a body.
    pub fn skip_blank(&mut self) -> usize {
        let rest = &self.buffer[self.start..];
        let blank = rest.iter().position(|byte| !byte.is_ascii_whitespace()).unwrap_or(rest.len());
        let Some(end) = rest[..blank].iter().rposition(|byte| *byte == b'\n') else { return 0 };
        let count = rest[..end].split(|byte| *byte == b'\n').count();
        self.start += end + 1;
        count
    }

    /// The next bytes, wherever lines begin and end in them.
    pub async fn next_bytes(&mut self) -> Result<Option<Vec<u8>>, Problem> {
        while self.buffer.is_empty() && !self.is_complete {
            self.receive().await?;
        }
        Ok(Some(mem::take(&mut self.buffer)).filter(|bytes| !bytes.is_empty()))
    }

    async fn receive(&mut self) -> Result<(), Problem> {
        match timeout(self.idle_timeout, self.payload.next()).await {
            Ok(Some(chunk)) => {
                let chunk = chunk.map_err(|error| unreadable(&error))?;
                self.size += chunk.len() as u64;
                if self.size > self.max_size {
                    return Err(too_large(self.max_size));
                }
                self.buffer.extend_from_slice(&chunk);
            }
            Ok(None) => self.is_complete = true,
            Err(_) => return Err(Problem::timed_out()),
        }
        Ok(())
    }

    fn limited(&self, line: Vec<u8>) -> Result<Vec<u8>, Problem> {
        if line.len() > self.limit { Err(too_large(self.limit)) } else { Ok(line) }
    }
}

fn too_large(limit: impl Display) -> Problem {
    Problem::new(Code::BodyTooLarge).about(limit)
}

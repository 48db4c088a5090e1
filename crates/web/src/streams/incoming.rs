use std::{
    future::{Ready, ready},
    mem,
    time::Duration,
};

use actix_web::{FromRequest, HttpRequest, dev::Payload, http::header::RETRY_AFTER};
use futures_util::StreamExt;
use tokio::time::timeout;

use crate::{
    input,
    problem::{Code, Problem},
};

/// The lines of a body, as they arrive.
pub struct Lines {
    payload: Payload,
    buffer: Vec<u8>,
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
        let mut searched = 0;
        loop {
            if let Some(end) = self.buffer[searched..].iter().position(|byte| *byte == b'\n') {
                let rest = self.buffer.split_off(searched + end + 1);
                let mut line = mem::replace(&mut self.buffer, rest);
                line.pop();
                return self.limited(line).map(Some);
            }
            if self.is_complete {
                let line = mem::take(&mut self.buffer);
                return if line.is_empty() { Ok(None) } else { self.limited(line).map(Some) };
            }
            searched = self.buffer.len();
            if searched > self.limit {
                return Err(self.too_large());
            }
            match timeout(self.idle_timeout, self.payload.next()).await {
                Ok(Some(chunk)) => self.buffer.extend_from_slice(&chunk.map_err(|_| Problem::new(Code::BadRequest))?),
                Ok(None) => self.is_complete = true,
                Err(_) => return Err(Problem::new(Code::RequestTimeout).with_header(RETRY_AFTER, 1)),
            }
        }
    }

    fn limited(&self, line: Vec<u8>) -> Result<Vec<u8>, Problem> {
        if line.len() > self.limit { Err(self.too_large()) } else { Ok(line) }
    }

    fn too_large(&self) -> Problem {
        Problem::new(Code::BodyTooLarge).about(self.limit)
    }
}

//! The answer of a call, while it arrives: bounded in time, in bytes and in text.

use std::time::Duration;

use async_trait::async_trait;
use futures_util::{Stream, StreamExt};
use memo_domain::{ModelAnswer, ModelError, Source, TokenUsage};
use tokio::{
    sync::OwnedSemaphorePermit,
    time::{Instant, timeout_at},
};

use crate::{chunk::Chunk, events::Lines, failed, settings::MAX_NAME};

/// The maximum size of a stream, in bytes: the events of [`MaxTokens::MAX`](memo_domain::MaxTokens::MAX) tokens have some 1.5 MB.
pub const MAX_STREAM: usize = 8 << 20;
/// The maximum size of a whole answer, in bytes, which is kept in memory: in JSON, no byte of a text takes more than six.
pub const MAX_WHOLE: usize = 6 * MAX_TEXT + (64 << 10);
/// The maximum size of the text, in bytes.
pub const MAX_TEXT: usize = 256 << 10;

/// How long a call may take.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// How long the model may be silent.
    pub pause: Duration,
    /// When the call ends.
    pub deadline: Instant,
}

/// The form of a body.
#[derive(Debug)]
pub enum Form {
    /// Server-Sent Events.
    Events(Lines),
    /// One JSON value.
    Whole(Vec<u8>),
}

impl Form {
    /// Returns the form of this media type. What was asked for does not matter: some APIs cannot stream.
    ///
    /// # Errors
    /// [`ModelError::Failed`] if it is another one.
    pub fn of(media_type: Option<&str>) -> Result<Self, ModelError> {
        let essence = media_type.unwrap_or_default().split(';').next().unwrap_or_default().trim();
        match essence.to_ascii_lowercase().as_str() {
            "text/event-stream" => Ok(Self::Events(Lines::default())),
            "application/json" => Ok(Self::Whole(Vec::new())),
            _ => Err(failed("the answer is neither JSON nor a stream of events")),
        }
    }

    const fn max_size(&self) -> usize {
        match self {
            Self::Events(_) => MAX_STREAM,
            Self::Whole(_) => MAX_WHOLE,
        }
    }
}

/// The answer that arrives as this body.
pub struct Answer<S> {
    /// The connection and the permit of the call; `None` at the end.
    running: Option<(S, OwnedSemaphorePermit)>,
    form: Form,
    limits: Limits,
    /// Since when a part is waited for, also if that was interrupted.
    waiting_since: Option<Instant>,
    /// How many bytes have arrived.
    size: usize,
    summary: Summary,
}

/// What is known of the answer so far.
struct Summary {
    model: String,
    usage: Option<TokenUsage>,
    /// The size of the text in bytes.
    text_size: usize,
    /// Whether the model has ended its text.
    is_finished: bool,
}

impl Summary {
    /// Notes a piece of the answer, and returns its text.
    fn add(&mut self, chunk: Chunk) -> Result<Option<String>, ModelError> {
        if let Some(model) = chunk.model.filter(|model| (1..=MAX_NAME).contains(&model.chars().count())) {
            self.model = model;
        }
        self.usage = chunk.usage.or(self.usage);
        self.is_finished |= chunk.is_finished;
        self.text_size += chunk.text.as_ref().map_or(0, String::len);
        if self.text_size > MAX_TEXT {
            return Err(failed(format!("the text has more than {MAX_TEXT} bytes")));
        }
        Ok(chunk.text)
    }
}

/// A step towards the next part.
enum Step {
    Part(String),
    End,
    /// More has to arrive.
    Wait,
}

impl<S, D, E> Answer<S>
where
    S: Stream<Item = Result<D, E>> + Unpin,
    D: AsRef<[u8]>,
    E: Into<Source>,
{
    pub fn new(body: S, permit: OwnedSemaphorePermit, form: Form, model: &str, limits: Limits) -> Self {
        let summary = Summary { model: model.to_owned(), usage: None, text_size: 0, is_finished: false };
        Self { running: Some((body, permit)), form, limits, waiting_since: None, size: 0, summary }
    }

    async fn advance(&mut self) -> Result<Option<String>, ModelError> {
        while self.running.is_some() {
            match self.arrived()? {
                Step::Part(text) => return Ok(Some(text)),
                Step::End => break,
                Step::Wait => {}
            }
            match self.receive().await? {
                Some(data) => self.push(data.as_ref())?,
                None => return self.ended(),
            }
        }
        Ok(None)
    }

    /// Looks into what has arrived.
    fn arrived(&mut self) -> Result<Step, ModelError> {
        let Form::Events(lines) = &mut self.form else { return Ok(Step::Wait) };
        while let Some(data) = lines.next_data()? {
            if data == b"[DONE]" {
                return Ok(Step::End);
            }
            if data.is_empty() {
                continue;
            }
            let text = self.summary.add(Chunk::read(data)?)?;
            if let Some(text) = text.filter(|text| !text.is_empty()) {
                return Ok(Step::Part(text));
            }
        }
        Ok(Step::Wait)
    }

    /// Waits for more of the body; `None` at its end.
    async fn receive(&mut self) -> Result<Option<D>, ModelError> {
        let Some((body, _)) = &mut self.running else { return Ok(None) };
        let since = *self.waiting_since.get_or_insert_with(Instant::now);
        let until = self.limits.deadline.min(since + self.limits.pause);
        let data = timeout_at(until, body.next()).await.map_err(|_| ModelError::TimedOut)?;
        self.waiting_since = None;
        data.transpose().map_err(failed)
    }

    fn push(&mut self, bytes: &[u8]) -> Result<(), ModelError> {
        self.size += bytes.len();
        if self.size > self.form.max_size() {
            return Err(failed(format!("the answer has more than {} bytes", self.form.max_size())));
        }
        match &mut self.form {
            Form::Events(lines) => lines.push(bytes),
            Form::Whole(json) => json.extend_from_slice(bytes),
        }
        Ok(())
    }

    /// The body has ended.
    fn ended(&mut self) -> Result<Option<String>, ModelError> {
        match &mut self.form {
            Form::Events(_) if self.summary.is_finished => Ok(None),
            Form::Events(_) => Err(failed("the answer broke off")),
            Form::Whole(json) => {
                let json = std::mem::take(json);
                self.running = None;
                let text = self.summary.add(Chunk::read(&json)?)?.ok_or_else(|| failed("the answer has no text"))?;
                Ok(Some(text).filter(|text| !text.is_empty()))
            }
        }
    }
}

#[async_trait]
impl<S, D, E> ModelAnswer for Answer<S>
where
    S: Stream<Item = Result<D, E>> + Send + Unpin + 'static,
    D: AsRef<[u8]> + Send + 'static,
    E: Into<Source> + Send + 'static,
{
    async fn next(&mut self) -> Result<Option<String>, ModelError> {
        let next = self.advance().await;
        if !matches!(next, Ok(Some(_))) {
            // Closes the connection, if anything is left to receive.
            self.running = None;
        }
        next
    }

    fn model(&self) -> &str {
        &self.summary.model
    }

    fn usage(&self) -> Option<TokenUsage> {
        self.summary.usage
    }
}

#[cfg(test)]
mod tests;

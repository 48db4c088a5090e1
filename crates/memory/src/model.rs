use std::{
    future::pending,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use async_trait::async_trait;
use memo_domain::{CompletionOptions, LanguageModel, ModelAnswer, ModelError, Prompt, TokenUsage};

/// A language model in memory, which answers as a test says.
#[derive(Debug, Default)]
pub struct MemoryModel(Arc<Mutex<State>>);

/// What follows the parts of an answer; without parts, a failure comes before the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ModelEnding {
    /// The end of the text.
    #[default]
    Complete,
    /// A failure. The model may say when to retry.
    Fails(Option<Duration>),
    /// The end of its time.
    TimesOut,
    /// Nothing, until the call is dropped.
    Waits,
}

#[derive(Debug, Default)]
struct State {
    parts: Vec<String>,
    ending: ModelEnding,
    calls: Vec<(Prompt, CompletionOptions)>,
    running: usize,
}

impl MemoryModel {
    /// How many calls run at a time.
    pub const MAX_RUNNING: usize = 100;

    /// A model whose answers are empty.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Answers with these parts and this ending, from now on.
    pub fn answer_with(&self, parts: &[&str], ending: ModelEnding) {
        let mut state = self.lock();
        state.parts = parts.iter().map(|part| (*part).to_owned()).collect();
        state.ending = ending;
    }

    /// What it was asked so far.
    #[must_use]
    pub fn calls(&self) -> Vec<(Prompt, CompletionOptions)> {
        self.lock().calls.clone()
    }

    /// How many answers are neither complete nor dropped.
    #[must_use]
    pub fn running(&self) -> usize {
        self.lock().running
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        lock(&self.0)
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    // A test that panicked says enough.
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

#[async_trait]
impl LanguageModel for MemoryModel {
    async fn complete(&self, prompt: &Prompt, options: &CompletionOptions) -> Result<Box<dyn ModelAnswer>, ModelError> {
        let mut state = self.lock();
        if state.running == Self::MAX_RUNNING {
            return Err(ModelError::Busy { retry_after: Duration::from_secs(1) });
        }
        state.calls.push((prompt.clone(), *options));
        if state.parts.is_empty() {
            failure(state.ending).map_or(Ok(()), Err)?;
        }
        state.running += 1;
        let mut parts = state.parts.clone();
        parts.reverse();
        let words = [&prompt.instructions, &prompt.input].map(|text| text.split_whitespace().count() as u64);
        let usage = TokenUsage { prompt_tokens: words.iter().sum(), completion_tokens: parts.len() as u64 };
        Ok(Box::new(Answer { state: self.0.clone(), parts, ending: Some(state.ending), usage }))
    }

    async fn check(&self) -> Result<(), ModelError> {
        failure(self.lock().ending).map_or(Ok(()), Err)
    }
}

fn failure(ending: ModelEnding) -> Option<ModelError> {
    match ending {
        ModelEnding::Complete | ModelEnding::Waits => None,
        ModelEnding::Fails(retry_after) => {
            Some(ModelError::Failed { source: "this model was told to fail".into(), retry_after })
        }
        ModelEnding::TimesOut => Some(ModelError::TimedOut),
    }
}

struct Answer {
    state: Arc<Mutex<State>>,
    /// The parts that are left, the last one first.
    parts: Vec<String>,
    /// `None` at the end.
    ending: Option<ModelEnding>,
    usage: TokenUsage,
}

#[async_trait]
impl ModelAnswer for Answer {
    async fn next(&mut self) -> Result<Option<String>, ModelError> {
        if let Some(part) = self.parts.pop() {
            return Ok(Some(part));
        }
        if self.ending == Some(ModelEnding::Waits) {
            pending::<()>().await;
        }
        match self.ending.take().and_then(failure) {
            Some(error) => Err(error),
            None => Ok(None),
        }
    }

    fn model(&self) -> &'static str {
        "memory"
    }

    fn usage(&self) -> Option<TokenUsage> {
        Some(self.usage)
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        lock(&self.state).running -= 1;
    }
}

//! The port of language models: chats of one question and one answer.

use std::{fmt, time::Duration};

use async_trait::async_trait;
use thiserror::Error;

use crate::{InvalidValue, Source};

/// What a language model is asked: two messages of a chat. `Debug` output hides them.
#[derive(Clone, PartialEq, Eq)]
pub struct Prompt {
    /// What to do. It holds no text of a user.
    pub instructions: String,
    /// What to do it with: texts of users.
    pub input: String,
}

impl fmt::Debug for Prompt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Prompt(…)")
    }
}

/// How random an answer is: 0 to 2.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Temperature(f64);

impl Temperature {
    /// The maximum.
    pub const MAX: u8 = 2;

    /// # Errors
    /// [`InvalidValue::TooSmall`], [`InvalidValue::TooLarge`] or [`InvalidValue::Malformed`].
    pub fn new(value: f64) -> Result<Self, InvalidValue> {
        number(value, Self::MAX).map(Self)
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> f64 {
        self.0
    }
}

/// The probability of the tokens that are considered (nucleus sampling): 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TopP(f64);

impl TopP {
    /// The maximum.
    pub const MAX: u8 = 1;

    /// # Errors
    /// [`InvalidValue::TooSmall`], [`InvalidValue::TooLarge`] or [`InvalidValue::Malformed`].
    pub fn new(value: f64) -> Result<Self, InvalidValue> {
        number(value, Self::MAX).map(Self)
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> f64 {
        self.0
    }
}

fn number(value: f64, max: u8) -> Result<f64, InvalidValue> {
    if value.is_nan() {
        Err(InvalidValue::Malformed)
    } else if value < 0.0 {
        Err(InvalidValue::TooSmall { min: 0 })
    } else if value > f64::from(max) {
        Err(InvalidValue::TooLarge { max: max.into() })
    } else {
        Ok(value)
    }
}

/// The maximum length of an answer in tokens: 1 to 4,096, by default 1,024.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MaxTokens(u16);

impl MaxTokens {
    /// The minimum.
    pub const MIN: u16 = 1;
    /// The maximum.
    pub const MAX: u16 = 4_096;

    /// # Errors
    /// [`InvalidValue::TooSmall`] or [`InvalidValue::TooLarge`].
    pub fn new(value: i64) -> Result<Self, InvalidValue> {
        if value < i64::from(Self::MIN) {
            return Err(InvalidValue::TooSmall { min: Self::MIN.into() });
        }
        let value = u16::try_from(value).ok().filter(|value| *value <= Self::MAX);
        value.map(Self).ok_or(InvalidValue::TooLarge { max: Self::MAX.into() })
    }

    /// The number.
    #[must_use]
    pub const fn get(self) -> u16 {
        self.0
    }
}

impl Default for MaxTokens {
    fn default() -> Self {
        Self(1_024)
    }
}

/// How a language model answers. What is absent is the model's choice.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct CompletionOptions {
    /// How random the answer is.
    pub temperature: Option<Temperature>,
    /// Which tokens are considered.
    pub top_p: Option<TopP>,
    /// The maximum length of the answer.
    pub max_tokens: MaxTokens,
    /// Whether the parts of the answer are needed as soon as the model has them.
    pub is_streamed: bool,
}

/// How many tokens a call took.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TokenUsage {
    /// Those of the prompt.
    pub prompt_tokens: u64,
    /// Those of the answer.
    pub completion_tokens: u64,
}

/// Why a language model gave no answer, or only a part of it.
#[derive(Debug, Error)]
pub enum ModelError {
    /// Too many calls are running.
    #[error("too many calls of the language model are running")]
    Busy {
        /// When to retry.
        retry_after: Duration,
    },
    /// It is unreachable, refused the call, or its answer is invalid, too long or incomplete.
    #[error("the language model failed")]
    Failed {
        /// The cause.
        source: Source,
        /// When to retry, if the model says so.
        retry_after: Option<Duration>,
    },
    /// It took too long.
    #[error("the language model did not answer in time")]
    TimedOut,
}

/// An answer of a language model, while it arrives.
#[async_trait]
pub trait ModelAnswer: Send {
    /// Returns the next part of the text, which is not empty, or `None` at its end.
    ///
    /// # Errors
    /// [`ModelError`] if the answer is incomplete. It ends then.
    async fn next(&mut self) -> Result<Option<String>, ModelError>;

    /// Returns the name of the model that answers. It is final at the end of the text.
    fn model(&self) -> &str;

    /// Returns how many tokens the call took. At the end of the text, `None` if the model does not say.
    fn usage(&self) -> Option<TokenUsage>;
}

/// Completes texts.
///
/// # Contract
/// * `an_answer_arrives_whole`: the parts of an answer together MUST be the text of the model, streamed or not.
/// * `a_dropped_wait_loses_no_text`: [`next`](ModelAnswer::next) MUST NOT lose text if it is dropped before it ends.
/// * `an_answer_that_breaks_off_is_an_error`: [`next`](ModelAnswer::next) MUST NOT return `None` before the model has ended
///   its answer, and MUST return `None` after an error.
/// * `a_silent_model_times_out`: a call MUST end with [`ModelError::TimedOut`] if the model is silent for the configured
///   time, before its answer or within it.
/// * `an_endless_answer_is_refused`: the size of an answer MUST be bounded.
/// * `a_redirect_of_a_model_is_not_followed`: a call MUST NOT follow redirects.
/// * `a_dropped_answer_ends_the_call`: the model MUST NOT go on working for an answer that was dropped.
/// * `calls_of_a_model_are_bounded`: the number of calls at a time MUST be bounded ([`ModelError::Busy`]).
/// * `an_error_of_a_model_shows_no_text`: an error MUST show neither the prompt, nor the answer, nor a credential.
#[async_trait]
pub trait LanguageModel: Send + Sync {
    /// Sends a prompt. Returns the answer as soon as the model has begun it.
    async fn complete(&self, prompt: &Prompt, options: &CompletionOptions) -> Result<Box<dyn ModelAnswer>, ModelError>;

    /// Checks whether the model is reachable and accepts the credentials, without a prompt.
    async fn check(&self) -> Result<(), ModelError>;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_outside_their_range_are_refused() {
        for value in [0.0, 0.7, 1.0] {
            assert_eq!(TopP::new(value).map(TopP::get), Ok(value));
            assert_eq!(Temperature::new(2.0 * value).map(Temperature::get), Ok(2.0 * value));
        }
        for value in [-0.1, f64::NEG_INFINITY] {
            assert_eq!(Temperature::new(value), Err(InvalidValue::TooSmall { min: 0 }));
            assert_eq!(TopP::new(value), Err(InvalidValue::TooSmall { min: 0 }));
        }
        assert_eq!(Temperature::new(2.1), Err(InvalidValue::TooLarge { max: 2 }));
        assert_eq!(TopP::new(f64::INFINITY), Err(InvalidValue::TooLarge { max: 1 }));
        assert_eq!(TopP::new(f64::NAN), Err(InvalidValue::Malformed));
    }

    #[test]
    fn an_answer_has_1_to_4096_tokens() {
        assert_eq!(MaxTokens::default().get(), 1_024);
        for value in [1, 4_096] {
            assert_eq!(MaxTokens::new(value).map(|tokens| i64::from(tokens.get())), Ok(value));
        }
        for value in [0, -1, i64::MIN] {
            assert_eq!(MaxTokens::new(value), Err(InvalidValue::TooSmall { min: 1 }));
        }
        for value in [4_097, 65_537, i64::MAX] {
            assert_eq!(MaxTokens::new(value), Err(InvalidValue::TooLarge { max: 4_096 }));
        }
    }

    #[test]
    fn a_prompt_is_not_printed() {
        let prompt = Prompt { instructions: "hunter2".into(), input: "hunter2".into() };
        assert!(!format!("{prompt:?}").contains("hunter2"));
    }
}

//! A language model behind a chat API in this process, which can be told to misbehave.

mod calls;
mod conformance;
mod fake;
mod troubles;

//! The sender, and receivers in this process, which can be told to misbehave.

mod calls;
mod conformance;
mod receiver;

//! Signing in with social accounts, against a provider in this process that can be told to misbehave.

mod adapter;
mod conformance;
mod fake;
mod keys;
mod naver;
mod open_id;
mod tokens;
mod troubles;

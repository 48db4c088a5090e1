//! Tests of the binary as a process.

mod check;
mod completions;
mod crashes;
mod disk;
mod ending;
mod import_from;
mod kakao;
mod keys;
mod memory;
mod openapi;
mod outages;
mod output;
mod running;
mod secrets;
mod settings;
mod start;
mod unreadable;
mod webhooks;

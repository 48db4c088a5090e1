//! Tests of the binary as a process.

mod check;
mod ending;
mod keys;
mod memory;
mod outages;
mod running;
mod secrets;
mod start;
mod unreadable;

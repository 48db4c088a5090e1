//! The memo server.

use std::process::ExitCode;

use clap::Parser;
use memo_server::cli::Arguments;
use mimalloc::MiMalloc;

/// A request makes some hundred small allocations on one thread and frees some of them on another.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    match Arguments::parse().run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("memo: {error}");
            ExitCode::FAILURE
        }
    }
}

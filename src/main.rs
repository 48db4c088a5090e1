//! The memo server.

use std::process::ExitCode;

use clap::Parser;
use memo_server::cli::Arguments;
use mimalloc::MiMalloc;

/// A request makes some hundred small allocations, and frees many of them on another thread; SQLite, which uses this
/// allocator too, makes as many again.
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

//! The memo server.

use std::process::ExitCode;

use mimalloc::MiMalloc;

/// A request makes some hundred small allocations and frees many of them on another thread; SQLite, which uses this
/// allocator too, makes as many again.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    memo_server::cli::run()
}

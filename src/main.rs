//! The memo server.

use std::process::ExitCode;

use clap::Parser;
use memo_server::cli::Arguments;

fn main() -> ExitCode {
    match Arguments::parse().run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("memo: {error}");
            ExitCode::FAILURE
        }
    }
}

use std::path::PathBuf;

use clap::{Parser, Subcommand};
use memo_import::Source;

/// Self-hosted memo server with a REST API.
///
/// Without a command it serves. Settings are variables such as `MEMO__SERVER__LISTEN`; the README lists them.
#[derive(Debug, Parser)]
#[command(name = "memo", version)]
pub struct Arguments {
    #[command(subcommand)]
    pub command: Option<Command>,
}

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Migrate the database and serve.
    Serve,
    /// Change the schema of an SQL database.
    Migrate {
        #[command(subcommand)]
        direction: Migrate,
    },
    /// Create, promote, disable and list accounts.
    User {
        #[command(subcommand)]
        action: UserAction,
    },
    /// Check settings, store, cache, mail, providers, Kakao, language model and log: one line each.
    Check,
    /// Print the OpenAPI document.
    Openapi,
    /// Convert an archive of another note program to lines for `POST /api/v1/me/import`, on standard output.
    ImportFrom {
        /// What the archive comes from: markdown (a zip, such as a vault of Obsidian, or a folder), keep (a zip of Google
        /// Takeout), enex (Evernote), usememos (JSON) or jex (Joplin).
        #[arg(value_parser = source)]
        kind: Source,
        /// The archive.
        file: PathBuf,
    },
}

fn source(name: &str) -> Result<Source, String> {
    name.parse().map_err(|_| format!("it is one of {}", Source::ALL.map(Source::as_str).join(", ")))
}

#[derive(Debug, Subcommand)]
pub enum Migrate {
    /// Apply all pending migrations.
    Up,
    /// Revert migrations, which deletes the data of what they created.
    Down {
        /// Number of migrations.
        #[arg(long, default_value_t = 1)]
        steps: u32,
    },
    /// List all migrations.
    Status,
}

#[derive(Debug, Subcommand)]
pub enum UserAction {
    /// Create an account, also if sign-up is closed.
    Create {
        /// E-mail address.
        email: String,
        /// Make the user an administrator.
        #[arg(long)]
        admin: bool,
        /// Read the password from the first line of standard input; an argument would be visible in the list of processes.
        #[arg(long, required = true)]
        password_stdin: bool,
    },
    /// Make a user an administrator.
    Promote {
        /// E-mail address.
        email: String,
    },
    /// Disable an account and end its sessions.
    Disable {
        /// E-mail address.
        email: String,
    },
    /// List the accounts.
    List,
}

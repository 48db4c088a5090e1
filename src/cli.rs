//! The command line.

use clap::{Parser, Subcommand};

use crate::{Server, Settings, StartError, check, stores, users};

/// Self-hosted memo server with a REST API.
///
/// Without a command it serves. Settings are variables such as `MEMO__SERVER__LISTEN`; the README lists them.
#[derive(Debug, Parser)]
#[command(name = "memo", version)]
pub struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Migrate the database and serve.
    Serve,
    /// Change the schema of the database.
    Migrate {
        #[command(subcommand)]
        direction: Migrate,
    },
    /// Make, promote, shut out and list accounts.
    User {
        #[command(subcommand)]
        action: User,
    },
    /// Look whether all that the settings name is there and answers: a line each.
    Check,
    /// Print the OpenAPI document.
    Openapi,
}

#[derive(Debug, Subcommand)]
enum Migrate {
    /// Apply all migrations that are pending.
    Up,
    /// Take back migrations, and with them what they made.
    Down {
        /// How many.
        #[arg(long, default_value_t = 1)]
        steps: u32,
    },
    /// List the migrations.
    Status,
}

/// What is done with accounts.
#[derive(Debug, Subcommand)]
pub enum User {
    /// Make an account, whoever may sign up.
    Create {
        /// Its address.
        email: String,
        /// Make its owner an administrator.
        #[arg(long)]
        admin: bool,
        /// Read the password from the first line of standard input; no other way is safe from who looks at processes.
        #[arg(long, required = true)]
        password_stdin: bool,
    },
    /// Make the owner of an account an administrator.
    Promote {
        /// Its address.
        email: String,
    },
    /// Shut an account out, and end its sign-ins.
    Disable {
        /// Its address.
        email: String,
    },
    /// List the accounts.
    List,
}

impl Arguments {
    /// Does what they say.
    ///
    /// # Errors
    /// [`StartError`], whose text is one line for a person.
    pub fn run(self) -> Result<(), StartError> {
        match self.command.unwrap_or(Command::Serve) {
            Command::Serve => runtime()?.block_on(Server::builder(Settings::load()?).serve()),
            Command::Migrate { direction } => runtime()?.block_on(migrate(&Settings::load()?, &direction)),
            Command::User { action } => runtime()?.block_on(users::run(&Settings::load()?, action)),
            Command::Check => runtime()?.block_on(check::run()),
            Command::Openapi => {
                println!("{:#}", memo_web::openapi());
                Ok(())
            }
        }
    }
}

fn runtime() -> Result<tokio::runtime::Runtime, StartError> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .map_err(|source| StartError::Io { what: "the runtime can't be started".into(), source })
}

async fn migrate(settings: &Settings, direction: &Migrate) -> Result<(), StartError> {
    let Some(store) = stores::open_sql(settings).await? else {
        println!("this store has no migrations");
        return Ok(());
    };
    match direction {
        Migrate::Up => store.migrate_up().await?,
        Migrate::Down { steps } => store.migrate_down(Some(*steps)).await?,
        Migrate::Status => {}
    }
    for (name, applied) in store.migration_status().await? {
        println!("{} {name}", if applied { "applied" } else { "pending" });
    }
    Ok(())
}

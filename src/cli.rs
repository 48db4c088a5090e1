//! The command line.

use std::future::Future;

use clap::{Parser, Subcommand};
use tokio::signal::unix::{SignalKind, signal};

use crate::{Server, Settings, StartError, logging, stores};

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

impl Arguments {
    /// Does what they say.
    ///
    /// # Errors
    /// [`StartError`], whose text is one line for a person.
    pub fn run(self) -> Result<(), StartError> {
        match self.command.unwrap_or(Command::Serve) {
            Command::Serve => {
                let settings = Settings::load()?;
                let _log = logging::start(&settings.log)?;
                runtime()?.block_on(serve(settings))
            }
            Command::Migrate { direction } => runtime()?.block_on(migrate(&Settings::load()?, &direction)),
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

async fn serve(settings: Settings) -> Result<(), StartError> {
    let stop = stop_signal()?;
    let server = Server::builder(settings).build().await?;
    let url = server.public_url();
    let (address, docs) = (server.address(), format!("{url}/docs"));
    tracing::info!(%address, url, docs, "listening");
    server.run(stop).await
}

/// Ends with SIGTERM or SIGINT.
fn stop_signal() -> Result<impl Future<Output = ()>, StartError> {
    let listen = |kind| signal(kind).map_err(|source| StartError::Io { what: "signals can't be heard".into(), source });
    let (mut terminate, mut interrupt) = (listen(SignalKind::terminate())?, listen(SignalKind::interrupt())?);
    Ok(async move {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
    })
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

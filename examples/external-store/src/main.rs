//! The memo server over a [`FileStore`].

use std::{process::ExitCode, sync::Arc};

use external_store::FileStore;
use memo_server::{Server, Settings, StartError};

#[tokio::main]
async fn main() -> ExitCode {
    match serve().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("external-store: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn serve() -> Result<(), StartError> {
    let settings = Settings::load()?;
    let store = FileStore::open(&settings.data_dir.join("memo.log"))?;
    Server::builder(settings).store(Arc::new(store)).serve().await
}

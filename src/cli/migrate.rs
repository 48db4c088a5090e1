//! `memo migrate`: the schema of an SQL store.

use super::{arguments::Migrate, output::print};
use crate::{Settings, StartError, store_source::StoreSource};

/// Applies or reverts migrations, then lists them all.
///
/// # Errors
/// [`StartError`] if the store can't be opened, or a migration fails.
pub async fn run(settings: &Settings, store: StoreSource, direction: &Migrate) -> Result<(), StartError> {
    let Some(schema) = store.open(settings).await?.schema else {
        return print("this store has no migrations");
    };
    match direction {
        Migrate::Up => schema.migrate_up().await?,
        Migrate::Down { steps } => schema.migrate_down(*steps).await?,
        Migrate::Status => {}
    }
    for (name, applied) in schema.status().await? {
        print(format_args!("{} {name}", if applied { "applied" } else { "pending" }))?;
    }
    Ok(())
}

//! An engine for [`memo_kv::KvStore`] that keeps everything in one file of redb.

use std::{
    borrow::Cow,
    fs::{DirBuilder, OpenOptions},
    io,
    ops::Range,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::Path,
};

use memo_domain::StoreError;
use memo_kv::{Direction, Engine, Entries, Snapshot, Writes};
use redb::{Database, Durability, Error, ReadOnlyTable, ReadableDatabase, TableDefinition};

/// All tables of the kit are one table here: its keys begin with the number of the table.
const TABLE: TableDefinition<&[u8], &[u8]> = TableDefinition::new("memo");

/// A file of redb, which no other process has open.
pub struct RedbEngine(Database);

impl RedbEngine {
    /// Opens a file, which only this user may read. Creates it, and its folder, if it does not exist.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] if the file cannot be opened or another process has it open,
    /// [`StoreError::Corrupt`] or [`StoreError::Other`] if it is not a file of redb.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        create_private(path).map_err(Error::Io).map_err(store_error)?;
        let database = Database::create(path).map_err(store_error)?;
        // A transaction that reads expects the table.
        let write = database.begin_write().map_err(store_error)?;
        write.open_table(TABLE).map_err(store_error)?;
        write.commit().map_err(store_error)?;
        Ok(Self(database))
    }
}

impl Engine for RedbEngine {
    fn snapshot(&self) -> Result<Box<dyn Snapshot>, StoreError> {
        let read = self.0.begin_read().map_err(store_error)?;
        Ok(Box::new(RedbSnapshot(read.open_table(TABLE).map_err(store_error)?)))
    }

    fn commit(&self, writes: Writes) -> Result<(), StoreError> {
        let mut write = self.0.begin_write().map_err(store_error)?;
        // When `commit` returns, the file is on the disk.
        write.set_durability(Durability::Immediate).map_err(store_error)?;
        {
            let mut table = write.open_table(TABLE).map_err(store_error)?;
            for (key, value) in writes {
                match value {
                    Some(value) => table.insert(&*key, &*value).map_err(store_error)?,
                    None => table.remove(&*key).map_err(store_error)?,
                };
            }
        }
        write.commit().map_err(store_error)
    }
}

struct RedbSnapshot(ReadOnlyTable<&'static [u8], &'static [u8]>);

impl Snapshot for RedbSnapshot {
    fn get(&self, key: &[u8]) -> Result<Option<Cow<'_, [u8]>>, StoreError> {
        let found = self.0.get(key).map_err(store_error)?;
        Ok(found.map(|value| Cow::Owned(value.value().to_vec())))
    }

    fn walk(&self, range: Range<&[u8]>, direction: Direction) -> Entries<'_> {
        let entries = match self.0.range(range) {
            Ok(entries) => entries,
            Err(error) => return Box::new(std::iter::once(Err(store_error(error)))),
        };
        let entries = entries.map(|entry| {
            let (key, value) = entry.map_err(store_error)?;
            Ok((Cow::Owned(key.value().to_vec()), Cow::Owned(value.value().to_vec())))
        });
        match direction {
            Direction::Ascending => Box::new(entries),
            Direction::Descending => Box::new(entries.rev()),
        }
    }
}

/// Creates a file that only this user may read, and its folder, if it does not exist. An empty file is a new database.
fn create_private(path: &Path) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    }
    OpenOptions::new().append(true).create(true).mode(0o600).open(path).map(drop)
}

fn store_error(error: impl Into<Error>) -> StoreError {
    let error = error.into();
    let source = error.to_string().into();
    match error {
        Error::Io(_) | Error::PreviousIo | Error::DatabaseAlreadyOpen => StoreError::Unavailable { source },
        Error::Corrupted(_) => StoreError::Corrupt { source },
        _ => StoreError::Other { source },
    }
}

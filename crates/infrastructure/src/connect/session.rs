//! The session in which one unit of work runs its statements.

use std::sync::Arc;

use memo_domain::{StoreError, UserId};
use sea_orm::{QueryResult, Statement};

use super::{
    Cost, Glance,
    file::{self, File, IndexUpdate, Snapshot, WriteUnit},
    permits::Owner,
    server::{Place, Reads},
    set::Loan,
};
use crate::{
    error::Misuse,
    row::{FromRow, Row, RowSource},
};

/// The connection or transaction in which one unit of work runs its statements. Dropped without a commit, it is rolled back.
pub enum Session {
    /// SQLite: any reading connection for each statement, or one for searches.
    FileReads(Arc<File>, Owner),
    /// SQLite: a read-only transaction.
    FileSnapshot(Snapshot),
    /// SQLite: a share of the transaction that writes.
    FileWrite(WriteUnit),
    /// A server: any connection of the pool for each statement.
    ServerReads(Reads),
    /// A server: a read-only transaction.
    ServerSnapshot(Loan<Place>),
    /// A server: a transaction that may write.
    ServerWrite(Loan<Place>),
}

impl Session {
    /// Returns the row of a statement that selects at most one.
    pub async fn find_one<T: FromRow>(&mut self, statement: Statement, cost: Cost) -> Result<Option<T>, StoreError> {
        Ok(self.find_all(statement, cost).await?.into_iter().next())
    }

    /// Returns the rows that a statement selects.
    pub async fn find_all<T: FromRow>(&mut self, statement: Statement, cost: Cost) -> Result<Vec<T>, StoreError> {
        let rows = match self {
            Self::FileReads(file, owner) => {
                return file::query(file.reader(*owner, cost).await?, statement, cost).await?.1;
            }
            Self::FileSnapshot(snapshot) => return snapshot.query(statement, cost).await,
            Self::FileWrite(unit) => return unit.query(statement, cost).await,
            Self::ServerReads(reads) => reads.query(&statement, cost).await?,
            Self::ServerSnapshot(place) | Self::ServerWrite(place) => place.query(&statement, cost).await?,
        };
        rows.iter().map(read).collect()
    }

    /// Like [`find_all`](Self::find_all), for a statement that reads nothing but a user's own memos: a replica that has all their
    /// changes may run it.
    pub async fn find_all_own<T: FromRow>(
        &mut self,
        owner: UserId,
        statement: Statement,
        cost: Cost,
    ) -> Result<Vec<T>, StoreError> {
        match self {
            Self::ServerReads(reads) => reads.query_own(owner, &statement, cost).await?.iter().map(read).collect(),
            _ => self.find_all(statement, cost).await,
        }
    }

    /// Returns the rows that a statement selects, if that takes a few milliseconds.
    pub async fn glance<T: FromRow>(&mut self, statement: Statement, cost: Cost) -> Result<Glance<T>, StoreError> {
        match self {
            Self::FileReads(file, owner) => file::glance(file.reader(*owner, cost).await?, statement, cost).await?.1,
            Self::FileSnapshot(snapshot) => snapshot.glance(statement, cost).await,
            Self::FileWrite(_) | Self::ServerReads(_) | Self::ServerSnapshot(_) | Self::ServerWrite(_) => {
                Ok(Glance::Untried)
            }
        }
    }

    /// Runs a writing statement and returns the number of matched rows, whether or not their values changed.
    pub async fn execute(&mut self, statement: Statement, cost: Cost) -> Result<u64, StoreError> {
        match self {
            Self::FileWrite(unit) => unit.execute(statement, cost).await,
            Self::ServerWrite(place) => place.execute(&statement).await,
            _ => Err(Misuse::WriteWhileReading.into()),
        }
    }

    /// Updates what searches read, at the latest when a search needs it. Its error may be that of the commit.
    pub async fn update_index(&mut self, update: IndexUpdate) -> Result<(), StoreError> {
        if let Self::FileWrite(unit) = self {
            return unit.update_index(update).await;
        }
        for statement in update.statements {
            self.execute(statement, Cost::Small).await?;
        }
        Ok(())
    }

    /// Whether other units of work may write at the same time. A SQLite file has one writer at a time.
    pub const fn has_other_writers(&self) -> bool {
        matches!(self, Self::ServerWrite(_))
    }

    /// Whether all its statements run in one transaction.
    pub const fn is_transaction(&self) -> bool {
        !matches!(self, Self::FileReads(..) | Self::ServerReads(..))
    }

    /// Commits what was written.
    pub async fn commit(self) -> Result<(), StoreError> {
        match self {
            Self::FileReads(..) | Self::FileSnapshot(_) | Self::ServerReads(..) => Ok(()),
            Self::FileWrite(unit) => unit.commit().await,
            Self::ServerSnapshot(mut place) | Self::ServerWrite(mut place) => place.commit().await,
        }
    }
}

fn read<T: FromRow>(row: &QueryResult) -> Result<T, StoreError> {
    // The statement selects the columns of `T`, so only a value can be wrong.
    T::from_row(&mut Row::new(RowSource::Server(row))).map_err(StoreError::corrupt)
}

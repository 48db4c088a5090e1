//! The rows that statements select, of every driver.

use memo_domain::Source;
use rusqlite::types::{FromSql, FromSqlError, Type, ValueRef};
use sea_orm::{QueryResult, TryGetable};
use simdutf8::basic::from_utf8;
use uuid::Uuid;

/// A row whose columns are read one after the other: by name, reading a row takes half as long again.
pub struct Row<'r> {
    pub source: RowSource<'r>,
    next: usize,
}

pub enum RowSource<'r> {
    /// A row of SQLite.
    File(&'r rusqlite::Row<'r>),
    /// A row of a server.
    Server(&'r QueryResult),
}

impl<'r> Row<'r> {
    pub const fn new(source: RowSource<'r>) -> Self {
        Self { source, next: 0 }
    }

    /// Reads the next column.
    pub fn next<T: Column>(&mut self) -> Result<T, Source> {
        let column = self.next;
        self.next += 1;
        Ok(match self.source {
            RowSource::File(row) => T::of_file(row, column)?,
            RowSource::Server(row) => row.try_get_by_index(column)?,
        })
    }
}

/// What a column may hold.
pub trait Column: FromSql + TryGetable {
    /// Reads it from a row of SQLite.
    fn of_file(row: &rusqlite::Row<'_>, column: usize) -> rusqlite::Result<Self> {
        row.get(column)
    }
}

macro_rules! columns {
    ($($type:ty),*) => { $(impl Column for $type {} impl Column for Option<$type> {})* };
}

columns!(bool, i16, i64, Uuid, Vec<u8>);

impl Column for String {
    fn of_file(row: &rusqlite::Row<'_>, column: usize) -> rusqlite::Result<Self> {
        Option::<Self>::of_file(row, column)?.ok_or_else(|| {
            rusqlite::Error::FromSqlConversionFailure(column, Type::Null, FromSqlError::InvalidType.into())
        })
    }
}

/// The check of the texts took a fourteenth of the time of a page with the function of the standard library.
impl Column for Option<String> {
    fn of_file(row: &rusqlite::Row<'_>, column: usize) -> rusqlite::Result<Self> {
        let wrong = |found, source| rusqlite::Error::FromSqlConversionFailure(column, found, source);
        match row.get_ref(column)? {
            ValueRef::Null => Ok(None),
            ValueRef::Text(text) => {
                from_utf8(text).map(|text| Some(text.to_owned())).map_err(|error| wrong(Type::Text, error.into()))
            }
            other => Err(wrong(other.data_type(), FromSqlError::InvalidType.into())),
        }
    }
}

/// What is read from a row. It may be read on another thread.
pub trait FromRow: Sized + Send + 'static {
    fn from_row(row: &mut Row<'_>) -> Result<Self, Source>;
}

/// A row of which nothing is read.
impl FromRow for () {
    fn from_row(_: &mut Row<'_>) -> Result<Self, Source> {
        Ok(())
    }
}

/// Defines a struct whose fields are the columns of a row, in their order.
macro_rules! row {
    ($(#[$meta:meta])* $visible:vis struct $name:ident { $($fields:tt)* }) => {
        $(#[$meta])*
        $visible struct $name { $($fields)* }
        $crate::row::row!(@read $name { $($fields)* });
    };
    (@read $name:ident { $($(#[$meta:meta])* $visible:vis $field:ident: $type:ty),* $(,)? }) => {
        impl $crate::row::FromRow for $name {
            fn from_row(row: &mut $crate::row::Row<'_>) -> Result<Self, memo_domain::Source> {
                Ok(Self { $($field: row.next()?),* })
            }
        }
    };
}

pub(crate) use row;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_of_a_file_is_valid_and_of_its_type() {
        let sqlite = rusqlite::Connection::open_in_memory().expect("a database");
        let read = |sql: &str| {
            sqlite.query_row(sql, (), |row| {
                let text = |row| Row::new(RowSource::File(row)).next::<String>().map_err(|error| error.to_string());
                let optional = Row::new(RowSource::File(row)).next::<Option<String>>();
                Ok((text(row), optional.map_err(|error| error.to_string())))
            })
        };
        let read = |sql| read(sql).expect("a row");
        assert_eq!(read("SELECT '회의 a'"), (Ok("회의 a".to_owned()), Ok(Some("회의 a".to_owned()))));
        let (text, optional) = read("SELECT NULL");
        assert!(text.is_err(), "{text:?}");
        assert_eq!(optional, Ok(None));
        for sql in ["SELECT CAST(x'61ff' AS TEXT)", "SELECT x'61'", "SELECT 1"] {
            let (text, optional) = read(sql);
            assert!(text.is_err() && optional.is_err(), "{sql}: {text:?} {optional:?}");
        }
    }
}

//! Runs the statements that SeaORM has built by rusqlite, on the thread that calls it.

use rusqlite::{
    Connection, Error, ToSql,
    types::{ToSqlOutput, Type, ValueRef},
};
use sea_orm::{Statement, Value};

use crate::row::{FromRow, Row, RowSource};

/// Returns the rows that a statement selects.
pub fn query<T: FromRow>(connection: &Connection, statement: &Statement) -> Result<Vec<T>, Error> {
    let mut prepared = prepare(connection, statement)?;
    let (mut rows, mut read) = (prepared.raw_query(), Vec::new());
    while let Some(row) = rows.next()? {
        let row = T::from_row(&mut Row::new(RowSource::File(row)));
        read.push(row.map_err(|source| Error::FromSqlConversionFailure(0, Type::Null, source))?);
    }
    Ok(read)
}

/// Runs a writing statement to its end and returns the number of rows that it changed.
pub fn execute(connection: &Connection, statement: &Statement) -> Result<u64, Error> {
    Ok(prepare(connection, statement)?.raw_execute()? as u64)
}

fn prepare<'c>(connection: &'c Connection, statement: &Statement) -> Result<rusqlite::CachedStatement<'c>, Error> {
    let mut prepared = connection.prepare_cached(&statement.sql)?;
    for (index, value) in statement.values.iter().flat_map(|values| &values.0).enumerate() {
        prepared.raw_bind_parameter(index + 1, Parameter(value))?;
    }
    Ok(prepared)
}

/// A parameter of a statement.
struct Parameter<'v>(&'v Value);

impl ToSql for Parameter<'_> {
    fn to_sql(&self) -> Result<ToSqlOutput<'_>, Error> {
        let integer = |value: Option<i64>| value.map_or(ValueRef::Null, ValueRef::Integer);
        let unsupported = |what: &str| Error::ToSqlConversionFailure(what.into());
        Ok(ToSqlOutput::Borrowed(match self.0 {
            Value::Bool(value) => integer(value.map(i64::from)),
            Value::SmallInt(value) => integer(value.map(i64::from)),
            Value::Int(value) => integer(value.map(i64::from)),
            Value::BigInt(value) => integer(*value),
            Value::BigUnsigned(Some(value)) => {
                ValueRef::Integer((*value).try_into().map_err(|_| unsupported("a number above the signed maximum"))?)
            }
            Value::String(value) => value.as_deref().map_or(ValueRef::Null, |text| ValueRef::Text(text.as_bytes())),
            Value::Bytes(value) => value.as_deref().map_or(ValueRef::Null, ValueRef::Blob),
            Value::Uuid(value) => value.as_ref().map_or(ValueRef::Null, |id| ValueRef::Blob(id.as_bytes())),
            _ => return Err(unsupported("a parameter of a type that no column has")),
        }))
    }
}

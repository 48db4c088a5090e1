//! How each database keeps and finds the pairs of characters of full-text search.

use memo_domain::{Content, Memo, Title, UserId};
use sea_orm::{
    DbBackend, Statement, Value,
    prelude::Uuid,
    sea_query::{Expr, ExprTrait},
};

use crate::sea_orm::memos::grams::{self, Gram, Wanted};

/// Whether a transaction finds in the index what it sees. That of MySQL knows only what is committed by now: not what the
/// transaction itself has written, and not what it still sees of what others have changed.
pub fn index_is_of_the_transaction(backend: DbBackend) -> bool {
    backend != DbBackend::MySql
}

/// Of memos: that they are not entered. `None` where a migration enters all of them or none.
pub fn is_not_entered(backend: DbBackend) -> Option<Expr> {
    (backend == DbBackend::MySql)
        .then(|| Expr::cust("NOT EXISTS (SELECT 1 FROM memo_grams WHERE memo_grams.memo_id = memos.id)"))
}

/// Enters a memo that was just inserted.
pub fn enter(backend: DbBackend, id: Uuid, owner: UserId, title: &Title, content: &Content) -> Statement {
    let sql = match backend {
        DbBackend::Sqlite => "INSERT INTO memo_grams (grams, rowid) SELECT ?, number FROM memos WHERE id = ?",
        DbBackend::Postgres => "INSERT INTO memo_grams (grams, memo_id) VALUES (CAST($1 AS integer[]), $2)",
        _ => "INSERT INTO memo_grams (grams, memo_id) VALUES (?, ?)",
    };
    Statement::from_sql_and_values(backend, sql, [text(backend, owner, title, content).into(), id.into()])
}

/// Enters a memo anew that is about to be updated. Nothing is written where its texts stay.
pub fn enter_anew(backend: DbBackend, memo: &Memo) -> Statement {
    let sql = match backend {
        // What is entered can't be read, and so not compared; the texts can.
        DbBackend::Sqlite => {
            "UPDATE memo_grams SET grams = ? WHERE rowid = (
                SELECT number FROM memos WHERE id = ? AND (title <> ? OR content <> ?)
            )"
        }
        DbBackend::Postgres => {
            "UPDATE memo_grams SET grams = new.grams FROM (SELECT CAST($1 AS integer[]) AS grams) AS new
             WHERE memo_id = $2 AND memo_grams.grams <> new.grams"
        }
        _ => "UPDATE memo_grams SET grams = ? WHERE memo_id = ?",
    };
    let (title, content) = (&memo.state.title, &memo.state.content);
    let mut values: Vec<Value> = vec![text(backend, memo.owner_id, title, content).into(), memo.id.as_uuid().into()];
    if backend == DbBackend::Sqlite {
        values.extend([title.as_str().into(), content.as_str().into()]);
    }
    Statement::from_sql_and_values(backend, sql, values)
}

/// Of memos: that they have all that is wanted, and belong to an owner where one is named.
///
/// Where it `drives`, the memos are looked up from here; otherwise it is asked of memos that come in the order of a list.
pub fn has(backend: DbBackend, owner: Option<UserId>, wanted: &Wanted, drives: bool) -> Expr {
    let condition = Expr::value(query(backend, owner, wanted));
    match backend {
        DbBackend::Sqlite if drives => {
            Expr::cust_with_expr("memos.number IN (SELECT rowid FROM memo_grams WHERE memo_grams MATCH ?)", condition)
        }
        // What is computed from the number is not looked up by the number.
        DbBackend::Sqlite => Expr::cust_with_expr(
            "memos.number + 0 IN (SELECT rowid FROM memo_grams WHERE memo_grams MATCH ?)",
            condition,
        ),
        DbBackend::Postgres => Expr::cust_with_expr(
            "memos.id IN (SELECT memo_id FROM memo_grams WHERE grams @> CAST($1 AS integer[]))",
            condition,
        ),
        _ => Expr::cust_with_expr(
            "memos.id IN (SELECT memo_id FROM memo_grams WHERE MATCH (grams) AGAINST (? IN BOOLEAN MODE))",
            condition,
        ),
    }
}

/// How many memos have all that is wanted, counted to `most`.
pub fn count(backend: DbBackend, owner: Option<UserId>, wanted: &Wanted, most: u32) -> Statement {
    let condition = match backend {
        DbBackend::Sqlite => "memo_grams MATCH ?",
        DbBackend::Postgres => "grams @> CAST($1 AS integer[])",
        _ => "MATCH (grams) AGAINST (? IN BOOLEAN MODE)",
    };
    let sql =
        format!("SELECT COUNT(*) AS count FROM (SELECT 1 FROM memo_grams WHERE {condition} LIMIT {most}) AS found");
    Statement::from_sql_and_values(backend, sql, [query(backend, owner, wanted).into()])
}

/// A condition that no index is walked for: beside one that leads to few rows.
pub fn hidden_condition(backend: DbBackend, condition: Expr) -> Expr {
    match backend {
        DbBackend::Sqlite => Expr::cust_with_expr("(?) IS TRUE", condition),
        // These count the rows behind each condition, and choose by that.
        _ => condition,
    }
}

/// A column to sort by that no index is walked for.
pub fn opaque(column: Expr, is_text: bool) -> Expr {
    if is_text { column.binary(sea_orm::sea_query::BinOper::Custom("||"), "") } else { column.add(0) }
}

fn text(backend: DbBackend, owner: UserId, title: &Title, content: &Content) -> String {
    let grams = grams::of_memo(owner, title, content);
    match backend {
        DbBackend::Postgres => array(grams.into_iter()),
        _ => words("", grams.into_iter()),
    }
}

fn query(backend: DbBackend, owner: Option<UserId>, wanted: &Wanted) -> String {
    let grams = owner.map(Gram::owner).into_iter().chain(wanted.grams.iter().copied());
    match backend {
        DbBackend::Sqlite => words("", grams),
        DbBackend::Postgres => array(grams),
        _ => words("+", grams),
    }
}

/// The literal of an array.
fn array(grams: impl Iterator<Item = Gram>) -> String {
    let numbers: Vec<_> = grams.map(|gram| gram.number().cast_signed().to_string()).collect();
    format!("{{{}}}", numbers.join(","))
}

/// A word for each pair, with the same sign before it: as short as letters and digits of one case make it, and longer than
/// any word that MySQL leaves out as too common.
fn words(sign: &str, grams: impl Iterator<Item = Gram>) -> String {
    let mut words = String::new();
    for gram in grams {
        if !words.is_empty() {
            words.push(' ');
        }
        words.push_str(sign);
        let mut number = gram.number();
        let mut digits = [b'0'; 7];
        for digit in digits.iter_mut().rev() {
            *digit = b"0123456789abcdefghijklmnopqrstuvwxyz"[(number % 36) as usize];
            number /= 36;
        }
        words.extend(digits.iter().map(|digit| char::from(*digit)));
    }
    words
}

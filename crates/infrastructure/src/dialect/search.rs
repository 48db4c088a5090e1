//! How each database keeps and finds the pairs of characters of full-text search.

use memo_domain::{Content, Memo, Title, UserId};
use sea_orm::{
    DbBackend, Statement, Value,
    prelude::Uuid,
    sea_query::{
        Alias, Expr, ExprTrait, SelectStatement,
        extension::mysql::{IndexHintScope, MySqlSelectStatementExt},
    },
};

use crate::memos::grams::{self, Gram, Wanted};

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
        // Not by a SELECT: for an insertion that may be of many rows SQLite makes a savepoint of its own, at which the index
        // writes to its tables what it was given before.
        DbBackend::Sqlite => {
            "INSERT INTO memo_grams (grams, rowid) VALUES (?, (SELECT number FROM memos WHERE id = ?))"
        }
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

/// What a condition does for a statement that has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The memos are looked up from it.
    Leads,
    /// It is asked of memos that come in the order of a list, or are few.
    Follows,
    /// What the database thinks better.
    Either,
}

/// Of memos: that they have all that is wanted, and belong to an owner where one is named.
pub fn has(backend: DbBackend, owner: Option<UserId>, wanted: &Wanted, role: Role) -> Expr {
    let sql = match (backend, role) {
        (DbBackend::Sqlite, Role::Leads) => "memos.number IN (SELECT rowid FROM memo_grams WHERE memo_grams MATCH ?)",
        // What is computed from the number is not looked up by the number.
        (DbBackend::Sqlite, _) => "memos.number + 0 IN (SELECT rowid FROM memo_grams WHERE memo_grams MATCH ?)",
        // An array of ids is only ever looked up.
        (DbBackend::Postgres, Role::Leads) => {
            "memos.id = ANY (ARRAY(SELECT memo_id FROM memo_grams WHERE grams @> CAST($1 AS integer[])))"
        }
        // What is computed for each memo is not joined to it.
        (DbBackend::Postgres, Role::Follows) => {
            "(SELECT grams @> CAST($1 AS integer[]) FROM memo_grams WHERE memo_id = memos.id) IS TRUE"
        }
        (DbBackend::Postgres, Role::Either) => {
            "memos.id IN (SELECT memo_id FROM memo_grams WHERE grams @> CAST($1 AS integer[]))"
        }
        // What is computed from the match is not looked up by the index, which is asked once all the same.
        (_, Role::Follows) => {
            "memos.id IN (SELECT memo_id FROM memo_grams WHERE (MATCH (grams) AGAINST (? IN BOOLEAN MODE)) IS TRUE)"
        }
        _ => "memos.id IN (SELECT memo_id FROM memo_grams WHERE MATCH (grams) AGAINST (? IN BOOLEAN MODE))",
    };
    Expr::cust_with_expr(sql, Expr::value(query(backend, owner, wanted)))
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

/// The condition that memos have an owner, where a search leads to them: no index is walked for it.
pub fn owner_of_found(backend: DbBackend, is_owner: Expr) -> Expr {
    match backend {
        DbBackend::Sqlite => Expr::cust_with_expr("(?) IS TRUE", is_owner),
        DbBackend::Postgres => Expr::cust_with_expr("($1) IS TRUE", is_owner),
        // It knows what a search costs.
        _ => is_owner,
    }
}

/// As [`owner_of_found`], where a tag leads to them.
pub fn owner_of_tagged(backend: DbBackend, is_owner: Expr) -> Expr {
    match backend {
        // Its plan for any value expects of each member what members have on average, and so would read all of a member's.
        DbBackend::Postgres => owner_of_found(backend, is_owner),
        _ => is_owner,
    }
}

/// Has a list walk the index that its kind has for its order.
pub fn walk(backend: DbBackend, list: &mut SelectStatement, kind: &str, order: &str) {
    // Left alone, MySQL begins a list of all members with the members, and reads a page from the beginning of its list.
    if backend == DbBackend::MySql {
        list.force_index(Alias::new(format!("memos_{kind}_{order}")), IndexHintScope::All);
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

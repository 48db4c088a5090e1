//! The differences between the databases in the full-text index (table `memo_grams`).

use memo_domain::{Memo, SearchQuery, SearchText, UserId};
use sea_orm::{
    DbBackend, Statement, Value,
    prelude::Uuid,
    sea_query::{
        Alias, Expr, ExprTrait, Query, SelectStatement,
        extension::mysql::{IndexHintScope, MySqlSelectStatementExt},
    },
};

use crate::grams::{self, Gram, GramQuery};

/// The size of the texts, in bytes, after which a statement with the rows of several memos gets no more.
///
/// The driver of the servers leaves Nagle's algorithm on (sqlx 0.9.0): the end of a message that is longer than a segment, on
/// the loopback interface 64 KiB, waits up to 40 ms for a delayed acknowledgement. Bigrams take some four times the size of
/// their text.
const MAX_TEXT_BYTES: usize = 8 << 10;

/// Whether a search in the index sees the same state as the rest of the transaction. A FULLTEXT index of MySQL shows the
/// latest committed state: neither the transaction's own writes nor its snapshot.
pub fn index_sees_own_transaction(backend: DbBackend) -> bool {
    backend != DbBackend::MySql
}

/// Adds a new memo to the index, and stores the form of its texts, after its row was inserted.
pub fn index_memo(backend: DbBackend, id: Uuid, owner: UserId, text: &SearchText) -> Vec<Statement> {
    let mut statements = Vec::new();
    let sql = match backend {
        DbBackend::Sqlite => {
            let sql = "INSERT INTO memo_texts (title, content, number) VALUES (?, ?, (SELECT number FROM memos WHERE id = ?))";
            statements.push(Statement::from_sql_and_values(backend, sql, form_values(id, text)));
            // Not INSERT … SELECT: for a statement that may insert several rows SQLite creates a savepoint, at which the index
            // flushes its pending changes to its tables.
            "INSERT INTO memo_grams (grams, rowid) VALUES (?, (SELECT number FROM memos WHERE id = ?))"
        }
        DbBackend::Postgres => {
            "INSERT INTO memo_grams (grams, title, content, memo_id) VALUES (CAST($1 AS integer[]), $2, $3, $4)"
        }
        _ => "INSERT INTO memo_grams (grams, title, content, memo_id) VALUES (?, ?, ?, ?)",
    };
    statements.push(Statement::from_sql_and_values(backend, sql, index_values(backend, id, owner, text)));
    statements
}

/// Adds new memos to the index, and stores the forms of their texts, after their rows were inserted.
pub fn index_memos(backend: DbBackend, memos: &[(&Memo, &SearchText)]) -> Vec<Statement> {
    if backend == DbBackend::Sqlite {
        let each = memos.iter().map(|(memo, text)| index_memo(backend, memo.id.as_uuid(), memo.owner_id, text));
        return each.flatten().collect();
    }
    let mut insert = Query::insert();
    insert.into_table("memo_grams").columns(["grams", "title", "content", "memo_id"]);
    for (memo, text) in memos {
        let mut values = index_values(backend, memo.id.as_uuid(), memo.owner_id, text).into_iter().map(Expr::val);
        let grams = values.next().map(|grams| match backend {
            DbBackend::Postgres => grams.cast_as("integer[]"),
            _ => grams,
        });
        insert.values_panic(grams.into_iter().chain(values));
    }
    vec![backend.build(&insert)]
}

/// Splits new memos into those of one statement each. There are few different numbers of them, since each number makes another
/// text, which the server would parse.
pub fn of_one_statement<'m, 't>(
    backend: DbBackend,
    memos: &'m [(&'t Memo, &'t SearchText)],
) -> Vec<&'m [(&'t Memo, &'t SearchText)]> {
    if backend == DbBackend::Sqlite {
        return vec![memos];
    }
    let (mut parts, mut rest) = (Vec::new(), memos);
    while !rest.is_empty() {
        let mut bytes = 0;
        let fits = |(_, text): &&(&Memo, &SearchText)| {
            bytes += text.title().len() + text.content().len();
            bytes <= MAX_TEXT_BYTES
        };
        let fitting = rest.iter().take_while(fits).count().max(1);
        let (now, later) = rest.split_at(1 << fitting.ilog2());
        parts.push(now);
        rest = later;
    }
    parts
}

/// Updates the index, and the form of the texts, for a memo whose texts have changed.
///
/// In SQLite its earlier texts may still wait to be indexed. They no longer do after this.
pub fn reindex_memo(backend: DbBackend, id: Uuid, owner: UserId, text: &SearchText) -> Vec<Statement> {
    let mut statements = Vec::new();
    let sql = match backend {
        DbBackend::Sqlite => {
            statements.push(leave_backlog(id));
            let sql = "INSERT INTO memo_texts (title, content, number) VALUES (?, ?, (SELECT number FROM memos WHERE id = ?)) \
                       ON CONFLICT (number) DO UPDATE SET title = excluded.title, content = excluded.content";
            statements.push(Statement::from_sql_and_values(backend, sql, form_values(id, text)));
            "INSERT OR REPLACE INTO memo_grams (grams, rowid) VALUES (?, (SELECT number FROM memos WHERE id = ?))"
        }
        DbBackend::Postgres => {
            "UPDATE memo_grams SET grams = CAST($1 AS integer[]), title = $2, content = $3 WHERE memo_id = $4"
        }
        _ => "UPDATE memo_grams SET grams = ?, title = ?, content = ? WHERE memo_id = ?",
    };
    statements.push(Statement::from_sql_and_values(backend, sql, index_values(backend, id, owner, text)));
    statements
}

/// Removes a memo from those whose texts wait to be indexed in SQLite.
pub fn leave_backlog(id: Uuid) -> Statement {
    let sql = "DELETE FROM index_backlog WHERE number = (SELECT number FROM memos WHERE id = ?)";
    Statement::from_sql_and_values(DbBackend::Sqlite, sql, [id.into()])
}

fn form_values(id: Uuid, text: &SearchText) -> [Value; 3] {
    [text.title().into(), text.content().into(), id.into()]
}

fn index_values(backend: DbBackend, id: Uuid, owner: UserId, text: &SearchText) -> Vec<Value> {
    let grams = grams::of_memo(owner, text).into_iter();
    match backend {
        DbBackend::Sqlite => vec![words("", grams).into(), id.into()],
        DbBackend::Postgres => vec![array(grams).into(), text.title().into(), text.content().into(), id.into()],
        _ => vec![words("", grams).into(), text.title().into(), text.content().into(), id.into()],
    }
}

/// The condition for memos whose texts contain the required terms of a query, and none of the excluded ones.
pub fn contains_terms(backend: DbBackend, query: &SearchQuery) -> Expr {
    let mut values = Vec::new();
    let mut terms: Vec<_> = query.terms().iter().map(|term| (term.as_str(), term.is_excluded())).collect();
    terms.sort_unstable();
    terms.dedup();
    let terms = terms.into_iter().map(|(term, is_excluded)| {
        let not = if is_excluded { "NOT " } else { "" };
        let [title, content] = ["title", "content"].map(|column| contains(backend, column, term, &mut values));
        format!("{not}({title} OR {content})")
    });
    let condition = joined_evenly(terms.collect(), "AND");
    // The planner does not turn a scalar subquery into a join.
    of_text(backend, "({}) IS TRUE", &condition, values)
}

/// The relevance of a memo: how many of the required terms its title contains.
pub fn relevance(backend: DbBackend, query: &SearchQuery) -> Expr {
    let mut values = Vec::new();
    let terms = query
        .required()
        .map(|term| format!("CASE WHEN {} THEN 1 ELSE 0 END", contains(backend, "title", term.as_str(), &mut values)));
    let sum = joined_evenly(std::iter::once("0".to_owned()).chain(terms).collect(), "+");
    let integer = if backend == DbBackend::MySql { "SIGNED" } else { "BIGINT" };
    of_text(backend, &format!("CAST(({{}}) AS {integer})"), &sum, values)
}

/// Joins expressions in pairs, and the pairs in pairs: SQLite limits the depth of an expression, and a query may have
/// hundreds of terms.
fn joined_evenly(mut expressions: Vec<String>, operator: &str) -> String {
    while expressions.len() > 1 {
        expressions = expressions.chunks(2).map(|pair| format!("({})", pair.join(&format!(" {operator} ")))).collect();
    }
    expressions.pop().unwrap_or_default()
}

/// Whether a column of the texts contains a term, byte by byte.
fn contains(backend: DbBackend, column: &str, term: &str, values: &mut Vec<Expr>) -> String {
    values.push(Expr::value(term));
    match backend {
        DbBackend::Postgres => format!("strpos(texts.{column}, ${}) > 0", values.len()),
        _ => format!("instr(texts.{column}, ?) > 0"),
    }
}

/// An expression with a subquery on the form of a memo's texts in place of `{}`.
fn of_text(backend: DbBackend, expression: &str, column: &str, values: Vec<Expr>) -> Expr {
    let from = match backend {
        DbBackend::Sqlite => "memo_texts AS texts WHERE texts.number = memos.number",
        _ => "memo_grams AS texts WHERE texts.memo_id = memos.id",
    };
    Expr::cust_with_exprs(expression.replace("{}", &format!("SELECT {column} FROM {from}")), values)
}

/// How a statement uses a condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// To look up the memos by an index.
    Lookup,
    /// To filter memos that are found otherwise, e.g. by the index of a list's order.
    Filter,
    /// The planner of the database decides.
    Either,
}

/// The condition for memos that contain all bigrams of a query and belong to `owner`, if one is given.
pub fn contains_grams(backend: DbBackend, owner: Option<UserId>, query: &GramQuery, role: Role) -> Expr {
    let sql = match (backend, role) {
        (DbBackend::Sqlite, Role::Lookup) => "memos.number IN (SELECT rowid FROM memo_grams WHERE memo_grams MATCH ?)",
        // The planner does not look up an expression on the number (`+ 0`) by the primary key.
        (DbBackend::Sqlite, _) => "memos.number + 0 IN (SELECT rowid FROM memo_grams WHERE memo_grams MATCH ?)",
        // The planner evaluates ARRAY(…) once and looks up the ids in it.
        (DbBackend::Postgres, Role::Lookup) => {
            "memos.id = ANY (ARRAY(SELECT memo_id FROM memo_grams WHERE grams @> CAST($1 AS integer[])))"
        }
        // The planner does not turn a scalar subquery into a join.
        (DbBackend::Postgres, Role::Filter) => {
            "(SELECT grams @> CAST($1 AS integer[]) FROM memo_grams WHERE memo_id = memos.id) IS TRUE"
        }
        (DbBackend::Postgres, Role::Either) => {
            "memos.id IN (SELECT memo_id FROM memo_grams WHERE grams @> CAST($1 AS integer[]))"
        }
        // IS TRUE keeps the planner from starting with the FULLTEXT index, which is still searched only once.
        (_, Role::Filter) => {
            "memos.id IN (SELECT memo_id FROM memo_grams WHERE (MATCH (grams) AGAINST (? IN BOOLEAN MODE)) IS TRUE)"
        }
        _ => "memos.id IN (SELECT memo_id FROM memo_grams WHERE MATCH (grams) AGAINST (? IN BOOLEAN MODE))",
    };
    Expr::cust_with_expr(sql, Expr::value(parameter(backend, owner, query)))
}

/// Counts the memos that contain all bigrams of a query, up to `limit`.
pub fn count(backend: DbBackend, owner: Option<UserId>, query: &GramQuery, limit: u32) -> Statement {
    let condition = match backend {
        DbBackend::Sqlite => "memo_grams MATCH ?",
        DbBackend::Postgres => "grams @> CAST($1 AS integer[])",
        _ => "MATCH (grams) AGAINST (? IN BOOLEAN MODE)",
    };
    let sql =
        format!("SELECT COUNT(*) AS count FROM (SELECT 1 FROM memo_grams WHERE {condition} LIMIT {limit}) AS found");
    Statement::from_sql_and_values(backend, sql, [parameter(backend, owner, query).into()])
}

/// The condition on the owner for memos that are looked up by a search: it must not make the planner scan an index of the
/// owner's memos.
pub fn owner_of_found(backend: DbBackend, is_owner: Expr) -> Expr {
    match backend {
        DbBackend::Sqlite => Expr::cust_with_expr("(?) IS TRUE", is_owner),
        DbBackend::Postgres => Expr::cust_with_expr("($1) IS TRUE", is_owner),
        // MySQL estimates the cost of a search well enough.
        _ => is_owner,
    }
}

/// Like [`owner_of_found`], for memos that are looked up by a tag.
pub fn owner_of_tagged(backend: DbBackend, is_owner: Expr) -> Expr {
    match backend {
        // A generic plan assumes an average number of memos per user, and would read all memos of a user who has many.
        DbBackend::Postgres => owner_of_found(backend, is_owner),
        _ => is_owner,
    }
}

/// Makes the statement of a list use the index `memos_{kind}_{order}`.
pub fn force_index(backend: DbBackend, list: &mut SelectStatement, kind: &str, order: &str) {
    // Otherwise MySQL starts a list of all users' memos at the table of users, and reads a later page from the beginning.
    if backend == DbBackend::MySql {
        list.force_index(Alias::new(format!("memos_{kind}_{order}")), IndexHintScope::All);
    }
}

/// Wraps a column in an expression that has its value, but for which the planner can't use an index.
pub fn opaque(column: Expr, is_text: bool) -> Expr {
    if is_text { column.binary(sea_orm::sea_query::BinOper::Custom("||"), "") } else { column.add(0) }
}

fn parameter(backend: DbBackend, owner: Option<UserId>, query: &GramQuery) -> String {
    let grams = owner.map(Gram::owner).into_iter().chain(query.grams.iter().copied());
    match backend {
        DbBackend::Sqlite => words("", grams),
        DbBackend::Postgres => array(grams),
        _ => words("+", grams),
    }
}

/// Formats an array literal of PostgreSQL.
fn array(grams: impl Iterator<Item = Gram>) -> String {
    let numbers: Vec<_> = grams.map(|gram| gram.number().cast_signed().to_string()).collect();
    format!("{{{}}}", numbers.join(","))
}

/// Formats each bigram as a word of seven base-36 digits after `sign`: short, case-insensitive, and longer than the stop
/// words that MySQL ignores.
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

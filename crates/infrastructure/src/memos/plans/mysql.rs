//! The plans of MySQL and MariaDB.

use memo_domain::{MemoSort, PageStart};
use memo_test_databases::Server;
use sea_orm::{DbErr, FromQueryResult, QueryResult, Statement};

use super::{
    Plan,
    filled::{Filled, MOST_READ, Row, both_ways_find_the_same, few, late, many, member, starts},
    kinds, list, query, tag, wanted,
};
use crate::{dialect, unit_of_work::SeaOrmUnitOfWork};

#[tokio::test]
async fn a_page_walks_the_index_of_its_list_and_what_few_memos_have_is_looked_up() {
    let Some(filled) = Filled::new(Server::MySql).await else { return };
    let unit = filled.unit().await;
    let analyze = Statement::from_string(unit.backend, "ANALYZE TABLE users, memos, memo_tags, memo_grams");
    unit.find_all::<Row>(analyze).await.expect("the rows are counted");

    every_list_walks_the_index_of_its_kind(&unit).await;
    what_few_memos_have_is_looked_up(&unit).await;
    what_many_memos_have_is_asked_in_order(&unit).await;
    both_ways_find_the_same(&unit).await;
}

async fn every_list_walks_the_index_of_its_kind(unit: &SeaOrmUnitOfWork) {
    for kind in kinds(member(), &tag("often"), late()) {
        for (order, sort, index) in kind.sorts() {
            // No index is partial here: that of what is in use has what is archived, too.
            let index = index.replace("_archived_", "_active_").replace("_trashed_", "_active_");
            for start in starts(sort) {
                let (plan, reads) = plan(unit, list(&kind.filter, sort, &start, &Plan::default(), unit.backend)).await;
                let what = format!("{} {order} {start:?}: {reads} reads\n{plan}", kind.name);
                if kind.name == "trashed" {
                    // It has no index in its order: all of the member's trash is read, and nothing else, and sorted.
                    assert!(plan.contains(&format!("memos range {index} ")) && reads < 2 * MOST_READ, "{what}");
                    continue;
                }
                let from_start = start == PageStart::Offset(0) && plan.contains(&format!("memos ref {index} "));
                assert!(from_start || plan.contains(&format!("memos range {index} ")), "{what}");
                assert!(!plan.contains("filesort") && !plan.contains("temporary"), "{what}");
                assert!(reads <= MOST_READ, "{what}");
            }
        }
    }
    let PageStart::After(cursor) = starts(MemoSort::default())[1].clone() else { panic!("a cursor") };
    let (one, reads) = plan(unit, query::Prepared::new(unit.backend).lookup(cursor.id)).await;
    assert!(one.contains("memos const PRIMARY ") && reads <= 2, "{reads} reads\n{one}");
}

async fn what_few_memos_have_is_looked_up(unit: &SeaOrmUnitOfWork) {
    for (what, filter, by) in few() {
        for start in starts(MemoSort::default()) {
            let (plan, reads) = plan(unit, list(&filter, MemoSort::default(), &start, &by, unit.backend)).await;
            let steps: &[&str] = match what {
                "tag" => &["memo_tags ref PRIMARY ", "memos eq_ref PRIMARY "],
                "search" => &["memo_grams fulltext memo_grams_grams ", "memos eq_ref PRIMARY "],
                _ => &["memos range memos_active_created_at "],
            };
            let what = format!("{what} {start:?}: {reads} reads\n{plan}");
            assert!(steps.iter().all(|step| plan.contains(step)) && reads <= MOST_READ, "{what}");
        }
    }
    let (counted, reads) = plan(unit, dialect::count_found(unit.backend, Some(member()), &wanted("휴가"), 301)).await;
    let is_looked_up = counted.contains("memo_grams fulltext memo_grams_grams ");
    assert!(is_looked_up && reads <= MOST_READ, "{reads} reads\n{counted}");
    let (counted, reads) = plan(unit, unit.backend.build(&query::count_tagged(member(), &tag("often"), 301))).await;
    // They are read once more where they are counted.
    assert!(counted.contains("memo_tags ref PRIMARY ") && reads <= 2 * 302, "{reads} reads\n{counted}");
}

async fn what_many_memos_have_is_asked_in_order(unit: &SeaOrmUnitOfWork) {
    for (filter, [in_order, _]) in many() {
        for start in starts(MemoSort::default()) {
            let (plan, reads) = plan(unit, list(&filter, MemoSort::default(), &start, &in_order, unit.backend)).await;
            let walks = plan.contains(" memos_active_updated_at ") && !plan.contains("filesort");
            assert!(walks && reads <= MOST_READ, "{in_order:?} {start:?}: {reads} reads\n{plan}");
        }
    }
}

/// The plan of a statement: table, access, index and the rest of each step. And how many rows it reads.
async fn plan(unit: &SeaOrmUnitOfWork, statement: Statement) -> (String, u64) {
    let before = reads(unit).await;
    // To ask reads rows as well.
    let asking = reads(unit).await - before;
    unit.find_all::<Row>(statement.clone()).await.expect("it runs");
    let reads = reads(unit).await - before - 2 * asking;

    let explain = Statement { sql: format!("EXPLAIN {}", statement.sql), ..statement };
    let steps = unit.find_all::<Step>(explain).await.expect("a plan");
    let plan = steps.into_iter().map(|Step { table, access, key, extra }| {
        let texts = [table, access, key, extra].map(Option::unwrap_or_default);
        texts.join(" ") + "\n"
    });
    (plan.collect(), reads)
}

async fn reads(unit: &SeaOrmUnitOfWork) -> u64 {
    let status = Statement::from_string(unit.backend, "SHOW SESSION STATUS LIKE 'Handler_read%'");
    let counts = unit.find_all::<Count>(status).await.expect("counts");
    counts.into_iter().map(|count| count.0).sum()
}

#[derive(FromQueryResult)]
struct Step {
    table: Option<String>,
    #[sea_orm(from_alias = "type")]
    access: Option<String>,
    key: Option<String>,
    #[sea_orm(from_alias = "Extra")]
    extra: Option<String>,
}

struct Count(u64);

impl FromQueryResult for Count {
    fn from_query_result(row: &QueryResult, _: &str) -> Result<Self, DbErr> {
        let text: String = row.try_get_by_index(1)?;
        text.parse().map(Self).map_err(|error| DbErr::Type(format!("{text}: {error}")))
    }
}

//! Query plans of MySQL and MariaDB.

use memo_domain::{MemoSort, PageStart, Source};
use memo_test_databases::Server;
use sea_orm::Statement;

use super::{
    Plan,
    filled::{
        Filled, MAX_READS, broad_filters, check_plans_find_the_same_memos, end, main_user, selective_filters, starts,
    },
    gram_query, kinds, list, query, tag,
};
use crate::{
    dialect,
    row::{FromRow, Row, RowSource},
    unit_of_work::SeaOrmUnitOfWork,
};

/// The length in bytes of a key of owner, archived, time of deletion, time, and id.
const LENGTH_WITH_ID: u32 = 16 + 1 + 9 + 8 + 16;

#[tokio::test]
async fn pages_scan_the_index_of_their_list_and_selective_filters_are_looked_up() {
    let Some(filled) = Filled::new(Server::MySql).await else { return };
    let unit = &mut filled.unit().await;
    let analyze = Statement::from_string(unit.backend, "ANALYZE TABLE users, memos, memo_tags, memo_grams");
    unit.find_all::<()>(analyze).await.expect("the tables are analyzed");

    check_lists_scan_their_index(unit).await;
    check_selective_filters_are_looked_up(unit).await;
    check_broad_filters_scan_in_order(unit).await;
    check_plans_find_the_same_memos(unit).await;
}

async fn check_lists_scan_their_index(unit: &mut SeaOrmUnitOfWork) {
    for kind in kinds(main_user(), &tag("often"), end()) {
        for (sort, index) in kind.sorts() {
            // MySQL has no partial indexes: the index of active memos contains all of them.
            let index = index.replace("_archived_", "_active_").replace("_trashed_", "_active_");
            for start in starts(sort) {
                let (plan, reads) = plan(unit, list(&kind.filter, sort, &start, &Plan::default(), unit.backend)).await;
                let what = format!("{} {sort:?} {start:?}: {reads} reads\n{plan}", kind.name);
                if kind.name == "trashed" {
                    // There is no index in its order: all memos of the user's trash, and no others, are read and sorted.
                    assert!(plan.contains(&format!("memos range {index} ")) && reads < 2 * MAX_READS, "{what}");
                    continue;
                }
                let from_start = start == PageStart::Offset(0) && plan.contains(&format!("memos ref {index} "));
                assert!(from_start || plan.contains(&format!("memos range {index} ")), "{what}");
                assert!(!plan.contains("filesort") && !plan.contains("temporary"), "{what}");
                // The range begins at the id of the cursor: the memos with the same time before it are not scanned.
                let is_by_time = index.starts_with("memos_active_") && index.ends_with("ed_at");
                if is_by_time && matches!(start, PageStart::After(_)) {
                    assert!(plan.contains(&format!("memos range {index} {LENGTH_WITH_ID} ")), "{what}");
                }
                assert!(reads <= MAX_READS, "{what}");
            }
        }
    }
    let PageStart::After(cursor) = starts(MemoSort::default())[1].clone() else { panic!("a cursor") };
    let (one, reads) = plan(unit, query::prepare(unit.backend).lookup(cursor.id)).await;
    assert!(one.contains("memos const PRIMARY ") && reads <= 2, "{reads} reads\n{one}");
}

async fn check_selective_filters_are_looked_up(unit: &mut SeaOrmUnitOfWork) {
    for (what, filter, by) in selective_filters() {
        for start in starts(MemoSort::default()) {
            let (plan, reads) = plan(unit, list(&filter, MemoSort::default(), &start, &by, unit.backend)).await;
            let steps: &[&str] = match what {
                "tag" => &["memo_tags ref PRIMARY ", "memos eq_ref PRIMARY "],
                "search" => &["memo_grams fulltext memo_grams_grams ", "memos eq_ref PRIMARY "],
                _ => &["memos range memos_active_created_at "],
            };
            let what = format!("{what} {start:?}: {reads} reads\n{plan}");
            assert!(steps.iter().all(|step| plan.contains(step)) && reads <= MAX_READS, "{what}");
        }
    }
    let (counted, reads) =
        plan(unit, dialect::count_found(unit.backend, Some(main_user()), &gram_query("휴가"), 301)).await;
    let is_looked_up = counted.contains("memo_grams fulltext memo_grams_grams ");
    assert!(is_looked_up && reads <= MAX_READS, "{reads} reads\n{counted}");
    let (counted, reads) = plan(unit, unit.backend.build(&query::count_tagged(main_user(), &tag("often"), 301))).await;
    // The rows are read from the index, and again from the subquery that counts them.
    assert!(counted.contains("memo_tags ref PRIMARY ") && reads <= 2 * 302, "{reads} reads\n{counted}");
}

async fn check_broad_filters_scan_in_order(unit: &mut SeaOrmUnitOfWork) {
    for (filter, [in_order, _]) in broad_filters() {
        for start in starts(MemoSort::default()) {
            let (plan, reads) = plan(unit, list(&filter, MemoSort::default(), &start, &in_order, unit.backend)).await;
            let is_ordered_scan = plan.contains(" memos_active_updated_at ") && !plan.contains("filesort");
            assert!(is_ordered_scan && reads <= MAX_READS, "{in_order:?} {start:?}: {reads} reads\n{plan}");
        }
    }
}

/// Returns the plan of a statement (table, access type, index, length of the used key and extra information of each step), and how many rows it reads.
async fn plan(unit: &mut SeaOrmUnitOfWork, statement: Statement) -> (String, u64) {
    let before = reads(unit).await;
    // SHOW STATUS reads rows as well.
    let overhead = reads(unit).await - before;
    unit.find_all::<()>(statement.clone()).await.expect("it runs");
    let reads = reads(unit).await - before - 2 * overhead;

    let explain = Statement { sql: format!("EXPLAIN {}", statement.sql), ..statement };
    let steps = unit.find_all::<Step>(explain).await.expect("a plan");
    let plan = steps.into_iter().map(|Step(texts)| texts.map(Option::unwrap_or_default).join(" ") + "\n");
    (plan.collect(), reads)
}

async fn reads(unit: &mut SeaOrmUnitOfWork) -> u64 {
    let status = Statement::from_string(unit.backend, "SHOW SESSION STATUS LIKE 'Handler_read%'");
    let counts = unit.find_all::<Count>(status).await.expect("counts");
    counts.into_iter().map(|count| count.0).sum()
}

struct Step([Option<String>; 5]);

impl FromRow for Step {
    fn from_row(row: &mut Row<'_>) -> Result<Self, Source> {
        // By name: MySQL has more columns than MariaDB.
        let RowSource::Server(row) = row.source else { return Err("a row of a file".into()) };
        let [table, access, key, length, extra] =
            ["table", "type", "key", "key_len", "Extra"].map(|name| row.try_get("", name));
        Ok(Self([table?, access?, key?, length?, extra?]))
    }
}

struct Count(u64);

impl FromRow for Count {
    fn from_row(row: &mut Row<'_>) -> Result<Self, Source> {
        let (_name, count): (String, String) = (row.next()?, row.next()?);
        Ok(Self(count.parse()?))
    }
}

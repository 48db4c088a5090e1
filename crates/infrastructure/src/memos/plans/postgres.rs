//! Query plans of PostgreSQL for statements that have run several times on a connection: from the sixth time on, it may use a
//! generic plan for all parameters, which assumes an average number of memos per user.

use memo_domain::{MemoFilter, MemoSort, PageStart, Source};
use memo_test_databases::Server;
use sea_orm::{
    Statement,
    sea_query::{PostgresQueryBuilder, backend::QueryBuilder},
};

use super::{
    Plan,
    filled::{
        Filled, MAX_READS, broad_filters, check_plans_find_the_same_memos, end, main_user, selective_filters, starts,
    },
    gram_query, kinds, list, query, tag,
};
use crate::{
    dialect,
    row::{FromRow, Row},
    unit_of_work::SeaOrmUnitOfWork,
};

/// The number of executions before the plan is examined: enough for a generic plan.
const RUNS: usize = 8;

#[tokio::test]
async fn pages_scan_the_index_of_their_list_and_selective_filters_are_looked_up() {
    let Some(filled) = Filled::new(Server::Postgres).await else { return };
    let unit = &mut filled.unit().await;
    // The server does both by itself in the background.
    run(unit, "SELECT gin_clean_pending_list('memo_grams_grams')").await;
    run(unit, "ANALYZE users, memos, memo_tags, memo_grams").await;
    check_plans_find_the_same_memos(unit).await;
    check_lists_scan_their_index(unit).await;
    check_selective_filters_are_looked_up(unit, &selective_filters()).await;
    check_broad_filters_scan_in_order(unit).await;

    // Statistics as if most users had one memo, which a generic plan then expects of each user.
    run(unit, "ALTER TABLE memos ALTER owner_id SET (n_distinct = -1)").await;
    run(unit, "ANALYZE memos").await;
    check_lists_scan_their_index(unit).await;
    // Without the filter by time: if one memo is expected, every index looks equally good.
    check_selective_filters_are_looked_up(unit, &selective_filters()[..2]).await;
    check_broad_filters_scan_in_order(unit).await;
}

async fn run(unit: &mut SeaOrmUnitOfWork, sql: &str) {
    unit.execute(Statement::from_string(unit.backend, sql)).await.expect("the statement runs");
}

async fn check_lists_scan_their_index(unit: &mut SeaOrmUnitOfWork) {
    for kind in kinds(main_user(), &tag("often"), end()) {
        for (sort, index) in kind.sorts() {
            for start in starts(sort) {
                let plan = plan(unit, list(&kind.filter, sort, &start, &Plan::default(), unit.backend)).await;
                let what = format!("{} {sort:?} {start:?}\n{plan}", kind.name);
                assert!(plan.contains(&format!("using {index} on memos")) && !plan.contains("Sort"), "{what}");
                let is_inside = plan.lines().any(|line| line.contains("Index Cond:") && line.contains("ROW("));
                assert!(is_inside || start == PageStart::Offset(0), "it starts inside the index: {what}");
                assert!(max_reads(&plan) <= MAX_READS, "{what}");
            }
        }
    }
    let PageStart::After(cursor) = starts(MemoSort::default())[1].clone() else { panic!("a cursor") };
    let one = plan(unit, query::prepare(unit.backend).lookup(cursor.id)).await;
    assert!(one.contains("using memos_pkey on memos") && max_reads(&one) == 1, "{one}");
}

async fn check_selective_filters_are_looked_up(unit: &mut SeaOrmUnitOfWork, filters: &[(&str, MemoFilter, Plan)]) {
    for (what, filter, by) in filters {
        for start in starts(MemoSort::default()) {
            let plan = plan(unit, list(filter, MemoSort::default(), &start, by, unit.backend)).await;
            let indexes: &[&str] = match *what {
                "tag" => &["using memo_tags_pkey on memo_tags", "using memos_pkey on memos"],
                "search" => &["Bitmap Index Scan on memo_grams_grams", "using memos_pkey on memos"],
                _ => &["memos_active_created_at"],
            };
            assert!(indexes.iter().all(|index| plan.contains(index)), "{what} {start:?}\n{plan}");
            assert!(max_reads(&plan) <= MAX_READS, "{what} {start:?}\n{plan}");
        }
    }
    let counted = plan(unit, dialect::count_found(unit.backend, Some(main_user()), &gram_query("휴가"), 301)).await;
    assert!(counted.contains("Bitmap Index Scan on memo_grams_grams"), "{counted}");
    let counted = plan(unit, unit.backend.build(&query::count_tagged(main_user(), &tag("often"), 301))).await;
    assert!(counted.contains("using memo_tags_pkey on memo_tags") && max_reads(&counted) == 301, "{counted}");
}

async fn check_broad_filters_scan_in_order(unit: &mut SeaOrmUnitOfWork) {
    for (filter, [in_order, _]) in broad_filters() {
        for start in starts(MemoSort::default()) {
            let plan = plan(unit, list(&filter, MemoSort::default(), &start, &in_order, unit.backend)).await;
            let is_ordered_scan = plan.contains("using memos_active_updated_at on memos") && !plan.contains("Sort");
            assert!(is_ordered_scan && max_reads(&plan) <= MAX_READS, "{in_order:?} {start:?}\n{plan}");
        }
    }
}

/// Returns the plan of a statement after several executions, with the rows that each step reads.
async fn plan(unit: &mut SeaOrmUnitOfWork, statement: Statement) -> String {
    for _ in 0..RUNS {
        unit.find_all::<()>(statement.clone()).await.expect("it runs");
    }
    let name = "SELECT name FROM pg_prepared_statements WHERE statement = $1";
    let name = Statement::from_sql_and_values(unit.backend, name, [statement.sql.into()]);
    let Line(name) = unit.find_one(name).await.expect("a name").expect("the driver has prepared it");
    let values = statement.values.iter().flat_map(|values| &values.0);
    let values: Vec<_> = values.map(|value| PostgresQueryBuilder.value_to_string(value)).collect();
    let explain = format!("EXPLAIN (ANALYZE, TIMING OFF, SUMMARY OFF) EXECUTE {name} ({})", values.join(", "));
    let lines = unit.find_all::<Line>(Statement::from_string(unit.backend, explain)).await.expect("a plan");
    lines.into_iter().map(|Line(line)| line + "\n").collect()
}

/// The first column of a row.
struct Line(String);

impl FromRow for Line {
    fn from_row(row: &mut Row<'_>) -> Result<Self, Source> {
        row.next().map(Self)
    }
}

/// Returns the maximum over all steps of the rows that a step returns or filters out, or of its executions. Steps on the few
/// users do not count.
fn max_reads(plan: &str) -> u64 {
    let steps = plan.split("->").filter(|step| !step.contains(" on users "));
    let numbers = steps.flat_map(|step| {
        ["actual rows=", "loops=", "Rows Removed by Filter: "].into_iter().filter_map(|name| {
            let number = step.split_once(name)?.1.split(|char: char| !char.is_ascii_digit()).next()?;
            Some(number.parse::<u64>().expect("a number"))
        })
    });
    numbers.max().expect("steps with numbers")
}

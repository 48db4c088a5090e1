//! The plans of PostgreSQL for statements that have run a few times on a connection: from the sixth time on, it may take one
//! plan for any values, which expects of each member what members have on average.

use memo_domain::{MemoFilter, MemoSort, PageStart};
use memo_test_databases::Server;
use sea_orm::{
    DbErr, FromQueryResult, QueryResult, Statement,
    sea_query::{PostgresQueryBuilder, backend::QueryBuilder},
};

use super::{
    Plan,
    filled::{Filled, MOST_READ, Row, both_ways_find_the_same, few, late, many, member, starts},
    kinds, list, query, tag, wanted,
};
use crate::{dialect, unit_of_work::SeaOrmUnitOfWork};

/// As often as it takes.
const RUNS: usize = 8;

#[tokio::test]
async fn a_page_walks_the_index_of_its_list_and_what_few_memos_have_is_looked_up() {
    let Some(filled) = Filled::new(Server::Postgres).await else { return };
    let unit = filled.unit().await;
    let tell = async |what: &str| {
        unit.execute(Statement::from_string(unit.backend, what)).await.expect("the planner is told");
    };
    // As the server does by itself in the background.
    tell("SELECT gin_clean_pending_list('memo_grams_grams')").await;
    tell("ANALYZE users, memos, memo_tags, memo_grams").await;
    both_ways_find_the_same(&unit).await;
    every_list_walks_the_index_of_its_kind(&unit).await;
    what_few_memos_have_is_looked_up(&unit, &few()).await;
    what_many_memos_have_is_asked_in_order(&unit).await;

    // As where most members have one memo, and a plan for any member expects one.
    tell("ALTER TABLE memos ALTER owner_id SET (n_distinct = -1)").await;
    tell("ANALYZE memos").await;
    every_list_walks_the_index_of_its_kind(&unit).await;
    // Any index leads to one memo; so for a time it may be that of another order.
    what_few_memos_have_is_looked_up(&unit, &few()[..2]).await;
    what_many_memos_have_is_asked_in_order(&unit).await;
}

async fn every_list_walks_the_index_of_its_kind(unit: &SeaOrmUnitOfWork) {
    for kind in kinds(member(), &tag("often"), late()) {
        for (order, sort, index) in kind.sorts() {
            for start in starts(sort) {
                let plan = plan(unit, list(&kind.filter, sort, &start, &Plan::default(), unit.backend)).await;
                let what = format!("{} {order} {start:?}\n{plan}", kind.name);
                assert!(plan.contains(&format!("using {index} on memos")) && !plan.contains("Sort"), "{what}");
                let is_inside = plan.lines().any(|line| line.contains("Index Cond:") && line.contains("ROW("));
                assert!(is_inside || start == PageStart::Offset(0), "it starts inside the index: {what}");
                assert!(most_read(&plan) <= MOST_READ, "{what}");
            }
        }
    }
    let PageStart::After(cursor) = starts(MemoSort::default())[1].clone() else { panic!("a cursor") };
    let one = plan(unit, query::Prepared::new(unit.backend).lookup(cursor.id)).await;
    assert!(one.contains("using memos_pkey on memos") && most_read(&one) == 1, "{one}");
}

async fn what_few_memos_have_is_looked_up(unit: &SeaOrmUnitOfWork, few: &[(&str, MemoFilter, Plan)]) {
    for (what, filter, by) in few {
        for start in starts(MemoSort::default()) {
            let plan = plan(unit, list(filter, MemoSort::default(), &start, by, unit.backend)).await;
            let indexes: &[&str] = match *what {
                "tag" => &["using memo_tags_pkey on memo_tags", "using memos_pkey on memos"],
                "search" => &["Bitmap Index Scan on memo_grams_grams", "using memos_pkey on memos"],
                _ => &["memos_active_created_at"],
            };
            assert!(indexes.iter().all(|index| plan.contains(index)), "{what} {start:?}\n{plan}");
            assert!(most_read(&plan) <= MOST_READ, "{what} {start:?}\n{plan}");
        }
    }
    let counted = plan(unit, dialect::count_found(unit.backend, Some(member()), &wanted("휴가"), 301)).await;
    assert!(counted.contains("Bitmap Index Scan on memo_grams_grams"), "{counted}");
    let counted = plan(unit, unit.backend.build(&query::count_tagged(member(), &tag("often"), 301))).await;
    assert!(counted.contains("using memo_tags_pkey on memo_tags") && most_read(&counted) == 301, "{counted}");
}

async fn what_many_memos_have_is_asked_in_order(unit: &SeaOrmUnitOfWork) {
    for (filter, [in_order, _]) in many() {
        for start in starts(MemoSort::default()) {
            let plan = plan(unit, list(&filter, MemoSort::default(), &start, &in_order, unit.backend)).await;
            let walks = plan.contains("using memos_active_updated_at on memos") && !plan.contains("Sort");
            assert!(walks && most_read(&plan) <= MOST_READ, "{in_order:?} {start:?}\n{plan}");
        }
    }
}

/// The plan by which a statement runs in the end, with the rows that each step reads.
async fn plan(unit: &SeaOrmUnitOfWork, statement: Statement) -> String {
    for _ in 0..RUNS {
        unit.find_all::<Row>(statement.clone()).await.expect("it runs");
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

/// The first column.
struct Line(String);

impl FromQueryResult for Line {
    fn from_query_result(row: &QueryResult, _: &str) -> Result<Self, DbErr> {
        row.try_get_by_index(0).map(Self)
    }
}

/// The most that a step gives or drops, or how often it runs. Of the members, who are few, all may be read.
fn most_read(plan: &str) -> u64 {
    let steps = plan.split("->").filter(|step| !step.contains(" on users "));
    let numbers = steps.flat_map(|step| {
        ["actual rows=", "loops=", "Rows Removed by Filter: "].into_iter().filter_map(|name| {
            let number = step.split_once(name)?.1.split(|char: char| !char.is_ascii_digit()).next()?;
            Some(number.parse::<u64>().expect("a number"))
        })
    });
    numbers.max().expect("steps with numbers")
}

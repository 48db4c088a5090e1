//! Query plans of SQLite, which depend only on the schema and the statement.

use memo_domain::{
    Access, MemoCursor, MemoFilter, MemoId, MemoScope, MemoSort, PageStart, SortField, SortPosition, Timestamp, UserId,
};
use sea_orm::{DbBackend, QueryTrait, Statement};
use uuid::Uuid;

use super::{Plan, Start, gram_query, kinds, mine, query, tag};
use crate::{SeaOrmStore, StoreOptions, connect::Cost, row::row};

const USER: UserId = UserId::new(Uuid::max());

row! {
    struct Step {
        _id: i64,
        _parent: i64,
        _unused: i64,
        detail: String,
    }
}

/// Returns the steps of a statement's plan, one a line.
pub async fn plan(store: &SeaOrmStore, statement: Statement) -> String {
    let statement = Statement { sql: format!("EXPLAIN QUERY PLAN {}", statement.sql), ..statement };
    let mut session = store.database.begin(Access::Read, None).await.expect("a session begins");
    let steps = session.find_all::<Step>(statement, Cost::Small).await.expect("the plan is read");
    steps.into_iter().map(|step| step.detail).collect::<Vec<_>>().join("\n")
}

fn starts(sort: MemoSort) -> [PageStart<MemoCursor>; 3] {
    let position = match sort.field {
        SortField::Title => SortPosition::Text("title".to_owned()),
        _ => SortPosition::Time(Timestamp::from_micros(1)),
    };
    let cursor = MemoCursor { position, id: MemoId::new(Uuid::max()) };
    [PageStart::Offset(0), PageStart::Offset(40), PageStart::After(cursor)]
}

async fn list(
    store: &SeaOrmStore,
    filter: &MemoFilter,
    sort: MemoSort,
    start: &PageStart<MemoCursor>,
    by: &Plan,
) -> String {
    plan(store, super::list(filter, sort, start, by, DbBackend::Sqlite)).await
}

async fn store() -> (SeaOrmStore, tempfile::TempDir) {
    let folder = tempfile::tempdir().expect("a folder");
    let url = format!("sqlite://{}/memo.db", folder.path().display());
    let store = SeaOrmStore::open(StoreOptions::new(url)).await.expect("the store opens");
    store.migrate_up().await.expect("the schema is created");
    (store, folder)
}

#[tokio::test]
async fn pages_scan_the_index_of_their_list() {
    let (store, _folder) = store().await;
    let one = plan(&store, query::prepare(DbBackend::Sqlite).lookup(MemoId::new(Uuid::max()))).await;
    assert!(!one.contains("SCAN") && one.contains("(id=?)"), "{one}");

    for kind in kinds(USER, &tag("work"), Timestamp::from_micros(9)) {
        for (sort, index) in kind.sorts() {
            for start in starts(sort) {
                let plan = list(&store, &kind.filter, sort, &start, &Plan::default()).await;
                let by_index = plan.contains(&format!("USING INDEX {index}")) && !plan.contains("TEMP B-TREE");
                assert!(by_index, "{} {sort:?} {start:?}\n{plan}", kind.name);
                if let PageStart::After(_) = start {
                    assert!(plan.contains(",id)<") || plan.contains(",id)>"), "it starts inside the index:\n{plan}");
                }
            }
        }
    }
    let count = query::count(&mine(USER), &Plan::default(), DbBackend::Sqlite).build(DbBackend::Sqlite);
    let counted = plan(&store, count).await;
    assert!(counted.contains("USING INDEX memos_active_"), "{counted}");
}

#[tokio::test]
async fn filters_are_looked_up_or_scanned_in_order_as_planned() {
    let (store, _folder) = store().await;
    let grams = gram_query("회의");
    let filter = MemoFilter { tags: vec![tag("work")], ..mine(USER) };
    let (sort, start) = (MemoSort::default(), PageStart::Offset(0));

    let by_tag = Plan { start: Start::Tag(tag("work")), ..Plan::default() };
    let tagged = list(&store, &filter, sort, &start, &by_tag).await;
    assert!(tagged.contains("SEARCH memos USING INDEX memos_owner_id (owner_id=? AND id=?)"), "{tagged}");
    assert!(tagged.contains("SEARCH memo_tags USING PRIMARY KEY (owner_id=? AND tag_key=?)"), "{tagged}");

    let by_search = Plan { gram_query: Some(grams.clone()), start: Start::Search, ..Plan::default() };
    let found = list(&store, &filter, sort, &start, &by_search).await;
    assert!(found.contains("SEARCH memos USING INTEGER PRIMARY KEY (rowid=?)"), "{found}");

    let liked = MemoFilter { scope: MemoScope::Liked, ..mine(USER) };
    let by_likes = Plan { start: Start::Liked, ..Plan::default() };
    let liked = list(&store, &liked, sort, &start, &by_likes).await;
    assert!(liked.contains("INDEX memo_likes_user_id (user_id=?)") && liked.contains("(id=?)"), "{liked}");
    assert!(!liked.contains("SCAN"), "{liked}");

    let in_order = Plan { gram_query: Some(grams), ..Plan::default() };
    let scanned = list(&store, &filter, sort, &start, &in_order).await;
    assert!(scanned.contains("USING INDEX memos_active_updated_at") && !scanned.contains("TEMP B-TREE"), "{scanned}");
}

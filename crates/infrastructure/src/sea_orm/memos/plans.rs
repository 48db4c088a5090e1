//! How SQLite finds memos: the plans of the statements that lists really run.

use memo_domain::{
    MemoCursor, MemoFilter, MemoId, MemoScope, MemoSort, PageRequest, PageStart, SortField, SortPosition, Tag,
    Timestamp, UserId,
};
use sea_orm::{ConnectionTrait, QueryTrait, Statement};
use uuid::Uuid;

use super::query;
use crate::sea_orm::{SeaOrmStore, StoreOptions};

async fn plan(store: &SeaOrmStore, statement: Statement) -> String {
    let statement = Statement { sql: format!("EXPLAIN QUERY PLAN {}", statement.sql), ..statement };
    let rows = store.pools.reader.query_all_raw(statement).await.expect("the plan is made");
    let steps: Vec<String> = rows.iter().map(|row| row.try_get("", "detail").expect("a step")).collect();
    steps.join("\n")
}

fn pages(sort: MemoSort) -> [PageRequest<MemoCursor>; 3] {
    let position = match sort.field {
        SortField::Title => SortPosition::Text("title".to_owned()),
        SortField::UpdatedAt | SortField::CreatedAt => SortPosition::Time(Timestamp::from_micros(1)),
    };
    let cursor = MemoCursor { position, id: MemoId::new(Uuid::max()) };
    [PageStart::Offset(0), PageStart::Offset(40), PageStart::After(cursor)]
        .map(|start| PageRequest { start, ..PageRequest::default() })
}

#[tokio::test]
async fn no_statement_sorts_or_reads_a_whole_table() {
    let folder = tempfile::tempdir().expect("a folder");
    let url = format!("sqlite://{}/memo.db", folder.path().display());
    let store = SeaOrmStore::open(StoreOptions::new(url)).await.expect("the store opens");
    store.migrate_up().await.expect("the schema is made");
    let backend = store.pools.reader.get_database_backend();

    let one = plan(&store, query::Lookup::new(backend).of(MemoId::new(Uuid::max()))).await;
    assert!(!one.contains("SCAN") && one.contains("(id=?)"), "{one}");

    let mine = MemoFilter::of(UserId::new(Uuid::max()));
    let tagged = MemoFilter { tags: vec![Tag::new("work").expect("a valid tag")], ..mine.clone() };
    let public = MemoFilter { scope: MemoScope::Public, ..mine.clone() };
    let unread = MemoFilter { trashed: true, archived: Some(true), pinned: Some(false), ..mine.clone() };
    for filter in [&mine, &tagged, &unread, &public] {
        for (name, sort) in MemoSort::NAMES {
            if filter.scope == MemoScope::Public && sort.field != SortField::UpdatedAt {
                continue;
            }
            for page in pages(sort) {
                let statement = query::list(filter, sort, &page).expect("a list").build(backend);
                let plan = plan(&store, statement).await;
                assert!(!plan.contains("TEMP B-TREE") && !plan.contains("SCAN"), "{name} {:?}\n{plan}", page.start);
                if let (PageStart::After(_), SortField::UpdatedAt) = (&page.start, sort.field) {
                    assert!(plan.contains("updated_at,id)"), "the page starts inside the index: {plan}");
                }
            }
        }
    }
    let counted = plan(&store, query::count(&mine).build(backend)).await;
    assert!(!counted.contains("SCAN"), "{counted}");
}

//! How SQLite finds memos: the plans of the statements that lists really run.

use memo_domain::{
    MemoCursor, MemoFilter, MemoId, MemoScope, MemoSort, PageStart, SearchQuery, SortField, SortPosition, Tag,
    Timestamp, UserId, Visibility,
};
use sea_orm::{ConnectionTrait, DatabaseConnection, QueryTrait, Statement};
use uuid::Uuid;

use super::{
    grams::Wanted,
    query::{self, Rows},
    search::{Plan, Start},
};
use crate::sea_orm::{SeaOrmStore, StoreOptions, connect::Database};

fn reader(store: &SeaOrmStore) -> &DatabaseConnection {
    let Database::File(file) = &store.database else { panic!("a file") };
    file.reader()
}

async fn plan(store: &SeaOrmStore, statement: Statement) -> String {
    let statement = Statement { sql: format!("EXPLAIN QUERY PLAN {}", statement.sql), ..statement };
    let rows = reader(store).query_all_raw(statement).await.expect("the plan is made");
    let steps: Vec<String> = rows.iter().map(|row| row.try_get("", "detail").expect("a step")).collect();
    steps.join("\n")
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
    start: PageStart<MemoCursor>,
    by: &Plan,
) -> String {
    let rows = Rows { sort, start: &start, most: 21 };
    let backend = reader(store).get_database_backend();
    plan(store, query::list(filter, &rows, by, backend).expect("a list").build(backend)).await
}

async fn store() -> (SeaOrmStore, tempfile::TempDir) {
    let folder = tempfile::tempdir().expect("a folder");
    let url = format!("sqlite://{}/memo.db", folder.path().display());
    let store = SeaOrmStore::open(StoreOptions::new(url)).await.expect("the store opens");
    store.migrate_up().await.expect("the schema is made");
    (store, folder)
}

fn mine() -> MemoFilter {
    MemoFilter { archived: Some(false), ..MemoFilter::of(UserId::new(Uuid::max())) }
}

#[tokio::test]
async fn every_list_walks_the_index_of_its_kind() {
    let (store, _folder) = store().await;
    let backend = reader(&store).get_database_backend();
    let one = plan(&store, query::Prepared::new(backend).lookup(MemoId::new(Uuid::max()))).await;
    assert!(!one.contains("SCAN") && one.contains("(id=?)"), "{one}");

    let archived = MemoFilter { archived: Some(true), ..mine() };
    let trashed = MemoFilter { trashed: true, ..mine() };
    let pinned = MemoFilter { pinned: Some(true), ..mine() };
    let shown = MemoFilter { visibility: Some(Visibility::Public), ..mine() };
    let public = MemoFilter { scope: MemoScope::Public, ..mine() };
    let tagged = MemoFilter { tags: vec![Tag::new("work").expect("a valid tag")], ..mine() };
    let bounded = MemoFilter { created_before: Some(Timestamp::from_micros(9)), ..mine() };
    let kinds: [(&str, &MemoFilter, &[SortField]); 8] = [
        ("active", &bounded, &[SortField::UpdatedAt, SortField::CreatedAt, SortField::Title]),
        ("active", &mine(), &[SortField::UpdatedAt, SortField::CreatedAt, SortField::Title]),
        ("active", &tagged, &[SortField::UpdatedAt, SortField::CreatedAt, SortField::Title]),
        ("public", &public, &[SortField::UpdatedAt, SortField::CreatedAt, SortField::Title]),
        ("archived", &archived, &[SortField::UpdatedAt]),
        ("trashed", &trashed, &[SortField::UpdatedAt]),
        ("pinned", &pinned, &[SortField::UpdatedAt]),
        ("shown", &shown, &[SortField::UpdatedAt]),
    ];
    for (kind, filter, fields) in kinds {
        for (name, sort) in MemoSort::NAMES.into_iter().filter(|(_, sort)| fields.contains(&sort.field)) {
            let index = format!(
                "USING INDEX memos_{kind}_{}",
                match sort.field {
                    SortField::CreatedAt => "created_at",
                    SortField::Title => "title_key",
                    _ => "updated_at",
                }
            );
            for start in starts(sort) {
                let plan = list(&store, filter, sort, start.clone(), &Plan::default()).await;
                let by_index = plan.contains(&index) && !plan.contains("TEMP B-TREE");
                assert!(by_index, "{kind} {name} {start:?}\n{plan}");
                if let PageStart::After(_) = start {
                    assert!(plan.contains(",id)<") || plan.contains(",id)>"), "it starts inside the index:\n{plan}");
                }
            }
        }
    }
    let counted = plan(&store, query::count(&mine(), &Plan::default(), backend).build(backend)).await;
    assert!(counted.contains("USING INDEX memos_active_"), "{counted}");
}

#[tokio::test]
async fn what_few_memos_have_is_looked_up_and_what_many_have_is_asked_in_order() {
    let (store, _folder) = store().await;
    let tag = Tag::new("work").expect("a valid tag");
    let query = SearchQuery::parse("회의").expect("no text is an error");
    let wanted = query.as_ref().map(Wanted::of);
    let filter = MemoFilter { tags: vec![tag.clone()], search: query, ..mine() };
    let sort = MemoSort::default();

    let by_tag = Plan { start: Start::Tag(tag), ..Plan::default() };
    let tagged = list(&store, &filter, sort, PageStart::Offset(0), &by_tag).await;
    assert!(tagged.contains("SEARCH memos USING INDEX memos_owner_id (owner_id=? AND id=?)"), "{tagged}");
    assert!(tagged.contains("SEARCH memo_tags USING PRIMARY KEY (owner_id=? AND tag_key=?)"), "{tagged}");

    let by_search = Plan { wanted: wanted.clone(), start: Start::Search, ..Plan::default() };
    let found = list(&store, &filter, sort, PageStart::Offset(0), &by_search).await;
    assert!(found.contains("SEARCH memos USING INTEGER PRIMARY KEY (rowid=?)"), "{found}");

    let in_order = Plan { wanted, ..Plan::default() };
    let asked = list(&store, &filter, sort, PageStart::Offset(0), &in_order).await;
    assert!(asked.contains("USING INDEX memos_active_updated_at") && !asked.contains("TEMP B-TREE"), "{asked}");
}

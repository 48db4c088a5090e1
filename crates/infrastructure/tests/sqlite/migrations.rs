use memo_domain::{Access, MemoFilter, PageRequest, SearchQuery, Store, StoreError, Tag, UserFilter};
use memo_infrastructure::SeaOrmStore;

use crate::{
    add_memo, add_user,
    support::{Fresh, options},
    user,
};

#[tokio::test]
async fn migrations_run_up_and_down_and_up_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = SeaOrmStore::open(options(&folder)).await.expect("the store opens");
    assert_pending(&store).await;

    for steps in [None, Some(u32::MAX)] {
        store.migrate_up().await.expect("the migrations are applied");
        store.migrate_up().await.expect("there is nothing left to apply");
        assert!(store.migration_status().await.expect("the status is read").iter().all(|(_, applied)| *applied));
        for _ in 0..2 {
            store.check().await.expect("the schema is up to date");
        }
        add_user(&store, 0).await;

        store.migrate_down(steps).await.expect("the migrations are reverted");
        assert_pending(&store).await;
    }
}

#[tokio::test]
async fn migrating_down_by_zero_steps_changes_nothing() {
    let fresh = Fresh::new().await;
    fresh.store.migrate_down(Some(0)).await.expect("nothing is reverted");
    fresh.store.check().await.expect("the schema is up to date");
}

#[tokio::test]
async fn concurrent_migrations_run_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let migrate = async || {
        let store = SeaOrmStore::open(options(&folder)).await.expect("the store opens");
        store.migrate_up().await.expect("the migrations are applied");
        store.check().await.expect("the schema is up to date");
    };
    tokio::join!(migrate(), migrate(), migrate(), migrate(), migrate(), migrate());
}

#[tokio::test]
async fn committed_rows_survive_reopening() {
    let mut fresh = Fresh::new().await;
    add_user(&*fresh.store, 0).await;
    fresh.reopen().await;
    fresh.store.check().await.expect("the schema is up to date");
    let mut uow = fresh.store.begin(Access::Read).await.expect("a unit of work begins");
    assert_eq!(uow.users().lookup(user(0).id).await.expect("users are read"), Some(user(0)));
}

async fn assert_pending(store: &SeaOrmStore) {
    let status = store.migration_status().await.expect("the status is read");
    assert!(!status.is_empty() && status.iter().all(|(_, applied)| !applied), "{status:?}");
    match store.check().await {
        Err(StoreError::Other { source }) => assert!(source.to_string().contains(&status[0].0), "{source}"),
        other => panic!("expected pending migrations, got {other:?}"),
    }
}

#[tokio::test]
async fn memos_from_before_the_search_migration_are_indexed_and_keep_their_tags() {
    let fresh = Fresh::new().await;
    add_user(&*fresh.store, 0).await;
    add_memo(&*fresh.store, 1).await;
    fresh.store.migrate_down(Some(5)).await.expect("the search migration is reverted");
    fresh.store.migrate_up().await.expect("the search migration is applied");

    let mut uow = fresh.store.begin(Access::Read).await.expect("a unit of work begins");
    let filter = MemoFilter {
        search: SearchQuery::parse("emo xxx").expect("a valid query"),
        tags: vec![Tag::new("work").expect("a tag")],
        ..MemoFilter::of(user(0).id)
    };
    assert_eq!(uow.memos().count(&filter).await.expect("memos are counted"), 1);
}

#[tokio::test]
async fn users_from_before_the_accounts_migration_are_found_by_name() {
    let fresh = Fresh::new().await;
    for n in 0..3 {
        add_user(&*fresh.store, n).await;
    }
    fresh.store.migrate_down(Some(4)).await.expect("the accounts migration is reverted");
    fresh.store.migrate_up().await.expect("the accounts migration is applied");

    let mut uow = fresh.store.begin(Access::Read).await.expect("a unit of work begins");
    let filter = UserFilter::default().with_text("A US").expect("a valid text");
    let page = uow.users().list(&filter, &PageRequest::default()).await.expect("users are listed");
    assert_eq!(page.items, [user(0), user(1), user(2)]);
}

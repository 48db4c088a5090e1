//! Revisions on servers.

#[path = "../support/revisions.rs"]
mod support;

use memo_domain::Store;
use memo_infrastructure::{SeaOrmStore, StoreOptions};
use memo_test_databases::Server;

use crate::on_servers;

on_servers! {
    hundred_edits_of_a_word_in_50_kb_take_under_500_kb
}

async fn hundred_edits_of_a_word_in_50_kb_take_under_500_kb(server: Server) {
    let Some(database) = server.database().await else { return };
    let store = SeaOrmStore::open(StoreOptions::new(database.url())).await.expect("the store opens");
    store.migrate_up().await.expect("the schema is created");
    support::assert_edits_are_small(&store, &database.url()).await;
    store.close().await;
}

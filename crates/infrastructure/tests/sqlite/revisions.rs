//! Revisions in a file.

#[path = "../support/revisions.rs"]
mod support;

use crate::support::{Fresh, options};

#[tokio::test]
async fn hundred_edits_of_a_word_in_50_kb_take_under_500_kb() {
    let fresh = Fresh::new().await;
    support::assert_edits_are_small(&*fresh.store, &options(&fresh.folder).url).await;
}

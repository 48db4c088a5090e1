use std::{sync::Arc, time::Duration};

use memo_domain::Cache;
use tokio::task::JoinSet;

/// Longer than a case takes.
const LONG: Duration = Duration::from_mins(10);

async fn claim(cache: &dyn Cache, name: &str) -> bool {
    cache.claim(name, LONG).await.expect("the cache answers")
}

pub(crate) async fn a_cache_passes_its_check(cache: Arc<dyn Cache>) {
    cache.check().await.expect("the cache answers");
}

pub(crate) async fn a_name_is_claimed_once(cache: Arc<dyn Cache>) {
    assert!(claim(&*cache, "one after the other").await);
    assert!(!claim(&*cache, "one after the other").await && !claim(&*cache, "one after the other").await);
    let mut tasks = JoinSet::new();
    for _ in 0..50 {
        let cache = cache.clone();
        tasks.spawn(async move { claim(&*cache, "at once").await });
    }
    let claimed = tasks.join_all().await;
    assert_eq!(claimed.into_iter().filter(|claimed| *claimed).count(), 1);
}

pub(crate) async fn names_are_claimed_apart(cache: Arc<dyn Cache>) {
    let long = "x".repeat(1_000);
    for name in ["", "a", "A", "á", "a\0", "a:b", "a b", "a\r\nb", "회의", &long, &format!("{long}y")] {
        assert!(claim(&*cache, name).await, "{name:?}");
        assert!(!claim(&*cache, name).await, "{name:?}");
    }
}

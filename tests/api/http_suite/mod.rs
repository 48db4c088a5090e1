//! The HTTP suite of `memo-testkit`, over every store, and what needs several nodes.

mod browser_sessions;
mod nodes;
mod transfer;

use std::{
    future::{Ready, ready},
    sync::Arc,
};

use memo_conformance::{TestStore, faults::FaultyStore};
use memo_domain::Store;
use memo_memory::MemoryStore;

/// Tests with snapshots that contain ids, since a use case that runs again takes others; and one that moves the clock beyond
/// the lease of a mail while its outcome may still be being recorded, so that it is sent twice.
const NOT_CONTENDED: [&str; 13] = [
    "::api_key_is_shown_with_its_secret_once",
    "::mail_claimed_by_two_crashed_nodes_is_listed_as_dead",
    "::new_reset_link_replaces_the_previous_one",
    "::permanently_failed_mail_is_listed_as_dead",
    "::user_list_is_in_order_of_sign_up",
    "::session_list_shows_device_and_current_session",
    "::right_password_returns_tokens",
    "::change_feed_lists_every_kind_of_change",
    "::audit_event_has_kind_time_device_ip_and_request_id",
    "::batch_applies_each_operation_as_if_sent_alone",
    "::memo_is_created_with_a_title_only",
    "::memo_is_created_with_all_fields",
    "::offset_pages_are_linked",
];

/// An in-memory store. It ignores being closed by one of several nodes.
struct InMemory {
    store: Arc<dyn Store>,
    cache_url: Option<String>,
}

impl InMemory {
    fn new() -> Self {
        Self { store: Arc::new(MemoryStore::new()), cache_url: None }
    }

    fn fresh() -> Ready<Option<Box<dyn TestStore>>> {
        ready(Some(Box::new(Self::new())))
    }

    /// Each use case runs twice, since its first commit fails; not in the tests that can't run so.
    fn contended() -> Ready<Option<Box<dyn TestStore>>> {
        let (fresh, thread) = (Self::new(), std::thread::current());
        let is_plain = thread.name().is_none_or(|test| NOT_CONTENDED.iter().any(|name| test.ends_with(name)));
        let store = if is_plain { fresh.store } else { Arc::new(FaultyStore::contended(fresh.store)) };
        ready(Some(Box::new(Self { store, ..fresh })))
    }

    async fn beside_redis() -> Option<Box<dyn TestStore>> {
        let cache_url = Some(memo_test_databases::redis_url().await?);
        Some(Box::new(Self { cache_url, ..Self::new() }))
    }
}

impl TestStore for InMemory {
    fn store(&self) -> Arc<dyn Store> {
        self.store.clone()
    }

    fn cache_url(&self) -> Option<String> {
        self.cache_url.clone()
    }
}

/// The other stores run each use case once.
mod memory {
    memo_testkit::api_tests!(super::InMemory::contended);
}

/// The modules that touch the state that nodes share.
mod redis {
    memo_testkit::shared_state_tests!(super::InMemory::beside_redis);
}

mod sqlite {
    memo_testkit::api_tests!(memo_test_databases::sqlite);
}

mod postgres {
    memo_testkit::api_tests!(memo_test_databases::kept::postgres);
}

mod mysql {
    memo_testkit::api_tests!(memo_test_databases::kept::mysql);
}

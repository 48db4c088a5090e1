//! From the lists of cases to tests.

/// Expands to one test for each behaviour of the suite, in a module for each module of cases.
///
/// The argument is the path of an `async fn() -> Option<Box<dyn TestStore>>` that returns a fresh store, or `None` if its
/// service is not available; the tests then print that they are skipped, and pass.
#[macro_export]
macro_rules! conformance_tests {
    ($factory:path) => {
        $crate::__each_case!(__tests, [$factory, __fresh_store, entries, $crate::StoreGiven]);
    };
}

/// Like [`conformance_tests!`], for an adapter of [`BrowserSessions`](memo_domain::BrowserSessions). The factory returns it
/// together with the fresh store that it uses: `async fn() -> Option<(Box<dyn TestStore>, Arc<dyn BrowserSessions>)>`.
#[macro_export]
macro_rules! browser_sessions_tests {
    ($factory:path) => {
        $crate::__each_browser_sessions_case!(
            __tests,
            [$factory, __fresh_browser_sessions, browser_sessions_entries, $crate::BrowserSessionsGiven]
        );
    };
}

/// Like [`conformance_tests!`], for an adapter of [`Cache`](memo_domain::Cache) without data that other tests use:
/// `async fn() -> Option<Box<dyn TestCache>>`.
#[macro_export]
macro_rules! cache_tests {
    ($factory:path) => {
        $crate::__each_cache_case!(__tests, [$factory, __fresh_cache, cache_entries, $crate::CacheGiven]);
    };
}

/// Like [`conformance_tests!`], for an adapter of [`Events`](memo_domain::Events), as two nodes that no other test uses:
/// `async fn() -> Option<[Arc<dyn Events>; 2]>`.
#[macro_export]
macro_rules! events_tests {
    ($factory:path) => {
        $crate::__each_events_case!(__tests, [$factory, __fresh_events, events_entries, $crate::EventsGiven]);
    };
}

#[doc(hidden)]
pub type StoreGiven = Box<dyn crate::TestStore>;
#[doc(hidden)]
pub type BrowserSessionsGiven = (Box<dyn crate::TestStore>, std::sync::Arc<dyn memo_domain::BrowserSessions>);
#[doc(hidden)]
pub type CacheGiven = Box<dyn crate::TestCache>;
#[doc(hidden)]
pub type EventsGiven = [std::sync::Arc<dyn memo_domain::Events>; 2];

#[doc(hidden)]
#[macro_export]
macro_rules! __tests {
    ([$factory:path, $fresh:ident, $entries:ident, $given:ty] $($module:ident($kind:ident) { $($case:ident)* })*) => {
        /// The factory, boxed; declared here, where the path of the original resolves.
        fn $fresh() -> $crate::Boxed<Option<$given>> {
            Box::pin($factory())
        }

        $(mod $module {
            $(
                #[test]
                fn $case() {
                    let name = concat!(module_path!(), "::", stringify!($case));
                    $crate::run(name, super::$fresh, $crate::$entries::$module::$case);
                }
            )*
        })*
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __entries {
    ([$entries:ident, $names:ident, $given:ty] $($module:ident($kind:ident) { $($case:ident)* })*) => {
        /// The cases, each taking the value of the factory, compiled in this crate only.
        #[doc(hidden)]
        pub mod $entries {
            $(pub mod $module {
                $(
                    /// See the test of this name.
                    #[must_use]
                    pub fn $case(given: $given) -> $crate::Boxed<()> {
                        $crate::__entries!(@call $kind given $crate::cases::$module::$case)
                    }
                )*
            })*
        }

        const $names: &[&str] = &[$($(stringify!($case)),*),*];
    };
    (@call store $given:ident $case:path) => { Box::pin(async move { $case($given.store()).await }) };
    (@call whole $given:ident $case:path) => { Box::pin($case($given)) };
}

crate::__each_case!(__entries, [entries, NAMES, crate::StoreGiven]);
crate::__each_browser_sessions_case!(
    __entries,
    [browser_sessions_entries, BROWSER_SESSIONS_NAMES, crate::BrowserSessionsGiven]
);
crate::__each_cache_case!(__entries, [cache_entries, CACHE_NAMES, crate::CacheGiven]);
crate::__each_events_case!(__entries, [events_entries, EVENTS_NAMES, crate::EventsGiven]);

/// The names of all cases.
#[doc(hidden)]
pub fn names() -> impl Iterator<Item = &'static str> {
    let lists = [NAMES, BROWSER_SESSIONS_NAMES, CACHE_NAMES, EVENTS_NAMES];
    lists.into_iter().flatten().copied().chain(crate::port_suites::names())
}

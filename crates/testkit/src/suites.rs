//! From the list of tests to tests.

/// Expands to one test for each behaviour of the HTTP interface, in a module for each module of the suite.
///
/// The argument is the path of an `async fn() -> Option<Box<dyn TestStore>>` that returns a fresh store, or `None` if its
/// service is not available; the tests then print that they are skipped, and pass. It is the same factory that
/// `memo_conformance::conformance_tests!` takes.
#[macro_export]
macro_rules! api_tests {
    ($factory:path) => {
        use $crate::entries as __entries;

        /// The factory, boxed; declared here, where the path of the original resolves.
        fn __fresh_store() -> $crate::Boxed<Option<$crate::StoreGiven>> {
            Box::pin($factory())
        }

        $crate::__each_api_test!(__api_tests, [all]);
    };
}

/// Like [`api_tests!`], for the modules that touch the state that nodes share: the cache and the sessions of browsers.
#[macro_export]
macro_rules! shared_state_tests {
    ($factory:path) => {
        use $crate::entries as __entries;

        fn __fresh_store() -> $crate::Boxed<Option<$crate::StoreGiven>> {
            Box::pin($factory())
        }

        $crate::__each_api_test!(__api_tests, [shared_state]);
    };
}

/// Expands one module, then the rest; a module of modules expands its own list first.
#[doc(hidden)]
#[macro_export]
macro_rules! __api_tests {
    ([$modules:ident]) => {};
    ([all] [shared_state] $($rest:tt)*) => {
        $crate::__api_tests! { [all] $($rest)* }
    };
    ([shared_state] [shared_state] $module:ident $(($kind:ident))? { $($inner:tt)* } $($rest:tt)*) => {
        $crate::__api_tests! { [all] $module $(($kind))? { $($inner)* } }
        $crate::__api_tests! { [shared_state] $($rest)* }
    };
    ([shared_state] $module:ident $(($kind:ident))? { $($inner:tt)* } $($rest:tt)*) => {
        $crate::__api_tests! { [shared_state] $($rest)* }
    };
    ([all] $module:ident ($kind:ident) { $($test:ident)* } $($rest:tt)*) => {
        mod $module {
            $(
                #[test]
                fn $test() {
                    let name = concat!(module_path!(), "::", stringify!($test));
                    $crate::run(name, super::__fresh_store, super::__entries::$module::$test);
                }
            )*
        }
        $crate::__api_tests! { [all] $($rest)* }
    };
    ([all] $module:ident { $($inner:tt)* } $($rest:tt)*) => {
        mod $module {
            use super::{__entries::$module as __entries, __fresh_store};

            $crate::__api_tests! { [all] $($inner)* }
        }
        $crate::__api_tests! { [all] $($rest)* }
    };
}

#[doc(hidden)]
#[macro_export]
macro_rules! __api_entries {
    ([]) => {};
    ([] [shared_state] $($rest:tt)*) => {
        $crate::__api_entries! { [] $($rest)* }
    };
    ([] $module:ident ($kind:ident) { $($test:ident)* } $($rest:tt)*) => {
        pub mod $module {
            use super::suite::$module as tests;

            $(
                /// See the test of this name.
                #[must_use]
                pub fn $test(store: memo_conformance::StoreGiven) -> memo_conformance::Boxed<()> {
                    $crate::__api_entries!(@call $kind store tests::$test)
                }
            )*
        }
        $crate::__api_entries! { [] $($rest)* }
    };
    ([] $module:ident { $($inner:tt)* } $($rest:tt)*) => {
        pub mod $module {
            use super::suite::$module as suite;

            $crate::__api_entries! { [] $($inner)* }
        }
        $crate::__api_entries! { [] $($rest)* }
    };
    (@call app $store:ident $test:path) => {
        Box::pin(async move { $test($crate::TestApp::builder($store).start().await).await })
    };
    (@call store $store:ident $test:path) => { Box::pin($test($store)) };
}

/// The tests, each taking a store, compiled in this crate only.
#[doc(hidden)]
pub mod entries {
    use crate::suite;

    crate::__each_api_test!(__api_entries, []);
}

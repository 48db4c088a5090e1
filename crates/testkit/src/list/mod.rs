//! The list of all tests, a file for each part of the URL tree.
//!
//! A test is reachable only through this list, so the compiler reports one that is missing here as unused.

mod account;
mod auth;
mod memos;
mod server;

/// Passes the list to another macro, part by part, after an argument for that macro.
///
/// The word in parentheses is what the tests of a module take: a running app, or the store to start one over. Modules
/// marked `[shared_state]` begin, end or list sessions, or count attempts; the others only need a session that is alive.
#[doc(hidden)]
#[macro_export]
macro_rules! __each_api_test {
    ($expand:ident, $argument:tt) => {
        $crate::__each_auth_test!($expand, $argument);
        $crate::__each_account_test!($expand, $argument);
        $crate::__each_memos_test!($expand, $argument);
        $crate::__each_server_test!($expand, $argument);
    };
}

//! The tests over HTTP are in one module, by whose name `make test` runs them beside all others.

mod http_suite;

//! All of it is in one module, by whose name `make test` tells these tests from the others.

mod http_suite;

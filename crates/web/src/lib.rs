//! The HTTP interface of memo: actix-web around the use cases of `memo-application`.
//!
//! A request passes `middleware::envelope` (request id, error documents, log), `middleware::guard` (shutdown, size of the
//! headers), `middleware::admission` (the policy of the route: host, credentials, time), and reaches a handler in the
//! folder of its resource: input → command → one use case → DTO. `problem` alone decides which error has which status.

mod admin;
mod auth;
mod changes;
mod context;
mod cookies;
mod docs;
mod dto;
mod extract;
mod health;
mod input;
mod language;
mod list;
mod me;
mod memos;
mod middleware;
mod openapi;
mod pages;
mod policy;
mod problem;
mod respond;
mod routing;
mod services;
mod settings;
mod streams;
mod tags;
mod well_known;

pub use middleware::{Draining, RequestIds};
pub use services::{Services, UseCases, app, openapi};
pub use settings::HttpSettings;

//! Requests after the last one of a connection.

use std::{any::Any, cell::Cell};

use actix_web::{
    dev::{Extensions, ServiceRequest},
    http::ConnectionType,
};

/// What is known about a connection.
#[derive(Debug, Default)]
struct Connection {
    /// Whether its last request was seen.
    is_closing: Cell<bool>,
}

/// For `HttpServer::on_connect`: without it, requests after the last one of a connection are not recognised.
pub fn on_connect(_: &dyn Any, connection: &mut Extensions) {
    connection.insert(Connection::default());
}

/// The position of a request in its connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// Others may follow.
    Open,
    /// The client asked to close the connection after it.
    Last,
    /// It was sent after the last one, and must not be processed (RFC 9112, section 9.6).
    Late,
}

impl Turn {
    /// That of a request, which counts as seen.
    pub fn of(request: &ServiceRequest) -> Self {
        let is_last = request.head().connection_type() == ConnectionType::Close;
        let is_late = request
            .request()
            .conn_data::<Connection>()
            .is_some_and(|connection| connection.is_closing.replace(is_last || connection.is_closing.get()));
        match (is_late, is_last) {
            (true, _) => Self::Late,
            (false, true) => Self::Last,
            (false, false) => Self::Open,
        }
    }
}

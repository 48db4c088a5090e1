//! Connections whose clients do not read.

use std::{any::Any, time::Duration};

use memo_domain::Causes;

/// Ends a connection whose client reads nothing for this time: what waits to be sent would stay in memory.
pub fn limit(connection: &dyn Any, patience: Duration) {
    #[cfg(target_os = "linux")]
    if let Some(stream) = connection.downcast_ref::<tokio::net::TcpStream>() {
        // Without it, the connection ends later, or with the client.
        if let Err(error) = socket2::SockRef::from(stream).set_tcp_user_timeout(Some(patience)) {
            tracing::debug!(error = %Causes(&error), "a connection has no time limit for reading");
        }
    }
    #[cfg(not(target_os = "linux"))]
    let _ = (connection, patience);
}

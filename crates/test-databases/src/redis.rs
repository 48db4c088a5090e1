use std::{env, time::Duration};

use tokio::{net::TcpStream, time::timeout};

use crate::server::is_required;

/// The URL of Redis; `None` if it is not available. All tests share it, so they must not interfere with each other.
pub async fn redis_url() -> Option<String> {
    let url = env::var("MEMO_TEST_REDIS_URL").unwrap_or_else(|_| "redis://127.0.0.1:6379".to_owned());
    let authority = url.split_once("//").map_or("", |(_, rest)| rest).split('/').next().unwrap_or_default();
    let address = authority.rsplit('@').next().unwrap_or_default();
    let is_available = matches!(timeout(Duration::from_secs(5), TcpStream::connect(address)).await, Ok(Ok(_)));
    assert!(is_available || !is_required("redis"), "Redis is required, but not available at {address}");
    if !is_available {
        println!("Redis is not available at {address}: its tests are skipped");
    }
    is_available.then_some(url)
}

use std::{env, time::Duration};

use tokio::{net::TcpStream, time::timeout};

use crate::server::is_required;

/// Where Redis is; `None` where it is not there. All tests share it: what they write must not get in each other's way.
pub async fn redis_url() -> Option<String> {
    let url = env::var("MEMO_TEST_REDIS_URL").unwrap_or_else(|_| "redis://127.0.0.1:6379".to_owned());
    let place = url.split_once("//").map_or("", |(_, rest)| rest).split('/').next().unwrap_or_default();
    let address = place.rsplit('@').next().unwrap_or_default();
    let is_there = matches!(timeout(Duration::from_secs(5), TcpStream::connect(address)).await, Ok(Ok(_)));
    assert!(is_there || !is_required("redis"), "Redis is required, and not there at {address}");
    if !is_there {
        println!("Redis is not there at {address}: its tests are skipped");
    }
    is_there.then_some(url)
}

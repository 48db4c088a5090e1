//! The server with a clock that runs faster by a factor, so that retries and leases take seconds:
//! `memo-fast-clock START FACTOR`, with `START` in seconds since 1970. It has the settings of `memo`.

use std::{
    env,
    error::Error,
    sync::Arc,
    time::{Duration, SystemTime},
};

use memo_domain::{Clock, Timestamp};
use memo_server::{Server, Settings};

struct FastClock {
    start: SystemTime,
    factor: u32,
}

impl Clock for FastClock {
    #[expect(clippy::disallowed_methods, reason = "the clock itself needs the system time")]
    fn now(&self) -> Timestamp {
        let real = SystemTime::now().duration_since(self.start).unwrap_or_default();
        let start = self.start.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Timestamp::from_micros(0) + start + real * self.factor
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let mut next = || arguments.next().ok_or("usage: memo-fast-clock START FACTOR");
    let start = SystemTime::UNIX_EPOCH + Duration::from_secs(next()?.parse()?);
    let clock = FastClock { start, factor: next()?.parse()? };
    Ok(Server::builder(Settings::load()?).clock(Arc::new(clock)).serve().await?)
}

//! The body of a request while it is read: its bytes are counted, and in between other connections have their turn.

use std::{
    cell::Cell,
    pin::Pin,
    rc::Rc,
    task::{Context, Poll, ready},
    time::Duration,
};

use actix_web::{
    HttpMessage,
    dev::{Payload, ServiceRequest},
    error::PayloadError,
    http::header::{CONTENT_LENGTH, TRANSFER_ENCODING},
    rt::{spawn, task::JoinHandle},
    web::Bytes,
};
use futures_util::{FutureExt, Stream, StreamExt};
use tokio::{task::yield_now, time::sleep};

/// After how many bytes the other connections of the thread have their turn.
const TURN: usize = 128 << 10;
/// The length in bytes from which a body is long: a client on the same machine would otherwise keep a core busy with it.
const LONG: u64 = 1 << 20;
/// How long a long body waits each time.
const PAUSE: Duration = Duration::from_millis(1);

/// The bytes of a body that were read so far.
#[derive(Default)]
pub struct BytesRead(Rc<Cell<u64>>);

impl BytesRead {
    /// Their number.
    pub fn get(&self) -> u64 {
        self.0.get()
    }
}

/// Counts the bytes of the body of a request, if it has one, and gives others their turn while it is read.
pub fn read_in_turns(request: &mut ServiceRequest) -> BytesRead {
    let read = BytesRead::default();
    let headers = request.headers();
    let has_body =
        headers.contains_key(TRANSFER_ENCODING) || headers.get(CONTENT_LENGTH).is_some_and(|length| length != "0");
    if has_body {
        let body = InTurns { payload: request.take_payload(), bytes: read.0.clone(), unbroken: 0, others: None };
        request.set_payload(Payload::Stream { payload: Box::pin(body) });
    }
    read
}

/// Waits until the other connections of the thread had their turn. A handler that yields is called again before: while its
/// client sends as fast as it reads, the framework keeps waking its connection, and the thread looks for the input of others
/// only after 61 of these.
pub fn turn_of_others() -> JoinHandle<()> {
    spawn(yield_now())
}

#[expect(clippy::disallowed_methods, reason = "no use case: the body has arrived already")]
fn pause() -> JoinHandle<()> {
    spawn(sleep(PAUSE))
}

struct InTurns {
    payload: Payload,
    bytes: Rc<Cell<u64>>,
    /// How many bytes were read since the last turn of others.
    unbroken: usize,
    others: Option<JoinHandle<()>>,
}

impl Stream for InTurns {
    type Item = Result<Bytes, PayloadError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        if let Some(others) = &mut self.others {
            // It fails only if the thread ends.
            let _ = ready!(others.poll_unpin(context));
            (self.others, self.unbroken) = (None, 0);
        }
        let next = ready!(self.payload.poll_next_unpin(context));
        if let Some(Ok(chunk)) = &next {
            self.bytes.set(self.bytes.get() + chunk.len() as u64);
            self.unbroken += chunk.len();
            if self.unbroken >= TURN {
                self.others = Some(if self.bytes.get() > LONG { pause() } else { turn_of_others() });
            }
        }
        Poll::Ready(next)
    }
}

#[cfg(test)]
mod tests {
    use std::{future::poll_fn, io::Write, os::unix::net::UnixStream, time::Instant};

    use actix_web::test::TestRequest;
    use futures_util::stream::iter;

    use super::*;

    /// As the framework does while a client sends faster than it is read: whenever the handler waits, it is called again at once.
    async fn read_whole(mut payload: Payload, mut seen: impl FnMut()) {
        poll_fn(|context| {
            match payload.poll_next_unpin(context) {
                Poll::Ready(None) => return Poll::Ready(()),
                Poll::Ready(Some(chunk)) => assert!(chunk.is_ok()),
                Poll::Pending => {}
            }
            seen();
            context.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
    }

    #[actix_web::test]
    async fn input_of_others_is_seen_while_a_long_body_is_read() {
        const CHUNK: usize = 64 << 10;
        let chunks = [(); 64].map(|()| Ok(Bytes::from(vec![b'\n'; CHUNK])));
        let mut request = TestRequest::post().insert_header((CONTENT_LENGTH, 64 * CHUNK)).to_srv_request();
        request.set_payload(Payload::Stream { payload: Box::pin(iter(chunks)) });
        let read = read_in_turns(&mut request);

        let (mut client, server) = UnixStream::pair().expect("a pair of sockets");
        server.set_nonblocking(true).expect("a setting of a socket");
        let server = tokio::net::UnixStream::from_std(server).expect("a socket");
        let seen_after = Rc::new(Cell::new(None));
        let (seen, bytes) = (seen_after.clone(), read.0.clone());
        spawn(async move {
            server.readable().await.expect("a socket that can be read");
            seen.set(Some(bytes.get()));
        });
        let bytes = read.0.clone();
        // A task, as a connection is one.
        let reading = spawn(async move {
            let mut is_sent = false;
            read_whole(request.take_payload(), || {
                if !is_sent && bytes.get() > 0 {
                    is_sent = client.write_all(b"GET").is_ok();
                }
            })
            .await;
        });
        reading.await.expect("the body is read");

        assert_eq!(read.get(), 64 * CHUNK as u64);
        let seen = seen_after.get().expect("the input is seen before the end of the body");
        assert!(seen <= 3 * TURN as u64, "{seen} bytes were read before");
    }

    #[actix_web::test]
    async fn long_body_is_read_at_a_limited_rate() {
        let chunks = [(); 16].map(|()| Ok(Bytes::from(vec![b' '; TURN])));
        let mut request = TestRequest::post().insert_header((CONTENT_LENGTH, 16 * TURN)).to_srv_request();
        request.set_payload(Payload::Stream { payload: Box::pin(iter(chunks)) });
        let read = read_in_turns(&mut request);
        let mut payload = request.take_payload();
        while read.get() <= LONG {
            assert!(payload.next().await.is_some_and(|chunk| chunk.is_ok()));
        }
        let began = Instant::now();
        while payload.next().await.is_some() {}
        assert_eq!(read.get(), 16 * TURN as u64);
        assert!(began.elapsed() >= PAUSE * 7, "{:?}", began.elapsed());
    }
}

use std::{error::Error, iter, time::Duration};

use actix_web::{body::BodyStream, body::MessageBody, rt::spawn, web::Bytes};
use futures_util::stream::poll_fn;
use memo_domain::Causes;
use serde::Serialize;
use tokio::time::timeout;

use super::slot::slot;

/// The minimum size of a part, except for the last one of a batch, in bytes.
const PART: usize = 32 << 10;

type Source = Box<dyn Error>;

/// A body that is produced while it is sent: `next` gives the next parts until there are no more. An error ends the
/// connection, so that the client sees that the body is incomplete. If the client is gone, `next` is dropped.
pub fn streamed<E, P>(
    idle_timeout: Duration,
    mut next: impl AsyncFnMut() -> Result<Option<P>, E> + 'static,
) -> impl MessageBody + 'static
where
    E: Error + Into<Box<dyn Error>> + 'static,
    P: Iterator<Item = Bytes>,
{
    // One part waits for the client at most. `None` is the end.
    let (sender, mut receiver) = slot::<Option<Result<Bytes, Source>>>();
    spawn(async move {
        // False if the client is gone, or does not read.
        let send = async |part| timeout(idle_timeout, sender.send(part)).await.unwrap_or(false);
        loop {
            let parts = tokio::select! {
                () = sender.closed() => return,
                parts = next() => parts,
            };
            match parts {
                Ok(Some(parts)) => {
                    for part in parts {
                        if !send(Some(Ok(part))).await {
                            return;
                        }
                    }
                }
                Ok(None) => {
                    send(None).await;
                    return;
                }
                Err(error) => {
                    tracing::warn!(error = %Causes(&error), "a streamed body ended early");
                    send(Some(Err(error.into()))).await;
                    return;
                }
            }
        }
    });
    BodyStream::new(poll_fn(move |context| {
        // Without an end, the client did not read for too long: the body must not look complete.
        let ended = |part: Option<Option<_>>| part.unwrap_or_else(|| Some(Err("the client does not read".into())));
        receiver.poll_recv(context).map(ended)
    }))
}

/// Encodes items as lines of JSON, in parts.
pub fn json_lines(items: impl IntoIterator<Item = impl Serialize>) -> impl Iterator<Item = Bytes> {
    let mut items = items.into_iter();
    iter::from_fn(move || {
        let mut part = Vec::new();
        for item in items.by_ref() {
            // Writing to memory cannot fail, nor can keys that are strings.
            if serde_json::to_writer(&mut part, &item).is_ok() {
                part.push(b'\n');
            }
            if part.len() >= PART {
                break;
            }
        }
        Some(part).filter(|part| !part.is_empty()).map(Bytes::from)
    })
}

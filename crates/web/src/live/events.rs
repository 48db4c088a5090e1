use std::{convert::Infallible, iter, time::Duration};

use actix_web::web::Bytes;
use tokio::time::Instant;

use super::{
    Follow,
    follower::{Follower, Step},
    keep_alive,
};
use crate::{
    changes::ChangeDto,
    extractor::from_head,
    input::MAX_EXACT,
    prelude::*,
    problem::{FieldError, Place},
    streams::{beginning, comment, event_stream, numbered_event, streamed},
};

operations! {
    follow_events => Policy::scopes(&[Scope::EventsRead]).work(Work::LIVE).problems(&[Code::ResyncRequired]);
}

/// The name of the header with the position of a client that reconnects.
const LAST_EVENT_ID: &str = "Last-Event-ID";

/// The number of the last change that the client has seen, if it sends one.
struct LastEventId(Option<u64>);

from_head!(LastEventId: |request| {
    let Some(value) = request.headers().get(LAST_EVENT_ID) else { return Ok(Self(None)) };
    let number = value.to_str().ok().and_then(|text| text.parse().ok());
    match number.filter(|number| *number <= MAX_EXACT as u64) {
        Some(number) => Ok(Self(Some(number))),
        None => Err(Problem::invalid(vec![FieldError::new(Place::Parameter(LAST_EVENT_ID.into()), FieldCode::WrongType)])),
    }
});

/// Follow changes as they happen
///
/// The changes of the caller's memos as Server-Sent Events: `id` is the number of the change (`seq`), `data` the change as
/// JSON, as in the list of changes. The stream starts now, or after `Last-Event-ID`, which browsers send when they
/// reconnect; each change comes once, in order. An event without data at the beginning tells the position. There is a
/// comment every 15 seconds at the latest.
///
/// The stream ends when the session ends or the API key no longer allows this, when the server shuts down, and if the client
/// does not read; reconnect then. If the changes after `Last-Event-ID` have been removed, the response is 410 as in the list
/// of changes. A user has up to 20 such connections on a node (429).
#[utoipa::path(
    get, path = "/api/v1/events", tag = "events",
    params(("Last-Event-ID" = Option<i64>, Header, format = "position", description = "The `id` of the last event that the client has seen")),
    responses((status = 200, description = "The events", body = String, content_type = "text/event-stream")),
)]
async fn follow_events(
    follow: Follow,
    settings: Data<HttpSettings>,
    LastEventId(since): LastEventId,
    IsHead(is_head): IsHead,
    _: NoQuery,
) -> Result<HttpResponse, Problem> {
    let follower = follow.after(since).await?;
    if is_head {
        // As for GET, there is no Content-Length.
        return Ok(event_stream().body(actix_web::body::None::new()));
    }
    let (limit, position) = (settings.request_timeout, follower.position());
    let (mut follower, mut begin) = (follower, Some(beginning(position)));
    let events = async move || -> Result<_, Infallible> {
        match begin.take() {
            Some(begin) => Ok(Some(iter::once(begin))),
            None => Ok(next_part(&mut follower, keep_alive(limit)).await.map(iter::once)),
        }
    };
    Ok(event_stream().body(streamed(limit, events)))
}

/// Returns the next events, a comment, or `None` at the end.
async fn next_part(follower: &mut Follower, patience: Duration) -> Option<Bytes> {
    match follower.next(Instant::now() + patience).await {
        Step::Changes(changes) => {
            let events = changes.into_iter().map(|change| numbered_event(change.seq, &ChangeDto::from(change)));
            Some(events.collect::<Vec<_>>().concat().into())
        }
        Step::KeepAlive => Some(comment()),
        Step::End(_) => None,
    }
}

use std::time::Duration;

use actix_http::ws::Frame;
use actix_web::{
    http::{Version, header},
    rt::spawn,
    web::{Bytes, Payload},
};
use actix_ws::{CloseCode, CloseReason, Message, ProtocolError};
use tokio::time::{Instant, timeout};

use super::{
    Follow,
    follower::{End, Follower, Step},
    frames::{Incoming, Outgoing, accept},
    liveness::Liveness,
};
use crate::{changes::ChangeDto, prelude::*};

/// The maximum size of a message of the client, which has nothing to say, in bytes.
const MAX_MESSAGE: usize = 1_024;

operations! {
    open_socket => Policy::scopes(&[Scope::EventsRead]).work(Work::LIVE).problems(&[
        Code::CrossSiteRequest, Code::ResyncRequired, Code::UpgradeRequired,
    ]);
}

/// Where to start.
#[derive(Deserialize, Validate, IntoParams)]
#[serde(deny_unknown_fields)]
#[garde(allow_unvalidated)]
#[into_params(parameter_in = Query)]
struct SocketQuery {
    /// Only changes after this number: the `seq` of the last change that the client has seen. By default only new changes.
    #[serde(default, deserialize_with = "parsed")]
    #[garde(custom(natural))]
    #[param(nullable = false, format = "position")]
    since: Option<i64>,
}

impl Input for SocketQuery {
    type Command = Option<u64>;

    fn read(self, _: &mut Refusals) -> Result<Self::Command, Refused> {
        Ok(self.since.map(i64::unsigned_abs))
    }
}

/// Follow changes by WebSocket
///
/// The changes of the caller's memos as they happen, each as a text frame with the JSON of the list of changes: each once,
/// in order, from now on or after `since`. The server sends a ping every 15 seconds at the latest, and ends a connection that
/// does not answer. If a page opens the connection, its `Origin` must be this server or an allowed one.
///
/// The server closes with 1008 and the reason `sign_in_ended` when the session ends or the API key no longer allows this, with
/// 1012 when it shuts down (reconnect), with 1008 `resync_required` if the feed can't be followed any more, and with 1009 or
/// 1008 `rate_limited` if the client sends messages of more than 1 KiB or more than 60 in a minute; answers to pings do not
/// count. A client that does not read is disconnected; it continues with `since`. A user has up to 20 such connections on a node (429).
#[utoipa::path(
    get, path = "/api/v1/ws", tag = "events",
    params(SocketQuery),
    responses((status = 101, description = "The WebSocket connection (RFC 6455)")),
)]
async fn open_socket(
    follow: Follow,
    request: HttpRequest,
    settings: Data<HttpSettings>,
    Query(since): Query<SocketQuery>,
    payload: Payload,
) -> Result<HttpResponse, Problem> {
    require_allowed_origin(&request, &settings)?;
    require_handshake(&request)?;
    let follower = follow.after(since).await?;
    let accepted = accept(&request, payload, MAX_MESSAGE).map_err(|_| upgrade_required())?;
    let (response, outgoing, mut incoming) = accepted;
    let limit = settings.request_timeout;
    let mut connection = Connection { follower, outgoing, liveness: Liveness::new(limit, Instant::now()), limit };
    // Borrowed: a future would have room for its arguments twice.
    spawn(async move { connection.run(&mut incoming).await });
    Ok(response)
}

/// Refuses a page of another site: browsers send cookies with a handshake, and their rules for other origins don't apply.
fn require_allowed_origin(request: &HttpRequest, settings: &HttpSettings) -> Result<(), Problem> {
    let is_allowed = |origin: &[u8]| {
        origin == settings.public_url.as_bytes()
            || settings.allowed_origins.iter().any(|allowed| allowed.as_bytes() == origin)
    };
    let mut origins = request.headers().get_all(header::ORIGIN);
    if origins.all(|origin| is_allowed(origin.as_bytes())) { Ok(()) } else { Err(Problem::new(Code::CrossSiteRequest)) }
}

/// Before anything is read for the client; the framework checks the rest of the handshake.
fn require_handshake(request: &HttpRequest) -> Result<(), Problem> {
    let (head, headers) = (request.head(), request.headers());
    let upgrade = headers.get(header::UPGRADE).and_then(|name| name.to_str().ok());
    let is_websocket = upgrade.is_some_and(|name| name.eq_ignore_ascii_case("websocket"));
    let is_get = !IsHead::of(request);
    // The frames would be taken from it.
    let has_body = headers.contains_key(header::TRANSFER_ENCODING)
        || headers.get_all(header::CONTENT_LENGTH).any(|length| length != "0");
    let can_upgrade = head.upgrade() && head.version >= Version::HTTP_11;
    if is_websocket && can_upgrade && is_get && !has_body { Ok(()) } else { Err(upgrade_required()) }
}

fn upgrade_required() -> Problem {
    let problem = Problem::new(Code::UpgradeRequired).with_header(header::UPGRADE, "websocket");
    problem.with_header(header::SEC_WEBSOCKET_VERSION, 13)
}

/// An open connection.
struct Connection {
    follower: Follower,
    outgoing: Outgoing,
    liveness: Liveness,
    /// How long the client may take to read.
    limit: Duration,
}

/// How a connection ends.
enum Closing {
    /// With a close frame.
    Frame(CloseReason),
    /// Without: the client is gone, or does not read.
    Gone,
}

impl Connection {
    async fn run(&mut self, incoming: &mut Incoming) {
        let closing = loop {
            let handled = tokio::select! {
                // What the client has sent comes first: it may be the answer to a ping.
                biased;
                // Futures on the heap, so that an idle connection has no room for them.
                frame = incoming.next() => Box::pin(self.receive(frame)).await,
                () = self.outgoing.closed() => Err(Closing::Gone),
                step = self.follower.next(self.liveness.next_ping()) => Box::pin(self.send(step)).await,
            };
            if let Err(closing) = handled {
                break closing;
            }
        };
        if let Closing::Frame(reason) = closing {
            // If it fails, the client is gone.
            let _ = Box::pin(self.send_message(Message::Close(Some(reason)))).await;
        }
    }

    async fn send(&mut self, step: Step) -> Result<(), Closing> {
        match step {
            Step::Changes(changes) => {
                for change in changes {
                    // Writing to memory cannot fail.
                    let text = serde_json::to_string(&ChangeDto::from(change)).unwrap_or_default();
                    self.send_message(Message::Text(text.into())).await?;
                }
                Ok(())
            }
            Step::KeepAlive if self.liveness.ping(Instant::now()) => {
                self.send_message(Message::Ping(Bytes::new())).await
            }
            Step::KeepAlive => Err(Closing::Gone),
            Step::End(end) => Err(Closing::Frame(match end {
                End::Restart => reason(CloseCode::Restart, "reconnect"),
                End::SignedOut => reason(CloseCode::Policy, "sign_in_ended"),
                End::Resync => reason(CloseCode::Policy, "resync_required"),
            })),
        }
    }

    async fn send_message(&mut self, message: Message) -> Result<(), Closing> {
        let sent = timeout(self.limit, self.outgoing.send(message)).await;
        if sent.unwrap_or(false) { Ok(()) } else { Err(Closing::Gone) }
    }

    async fn receive(&mut self, frame: Option<Result<Frame, ProtocolError>>) -> Result<(), Closing> {
        let frame = match frame {
            Some(Ok(frame)) => frame,
            Some(Err(ProtocolError::Overflow)) => {
                return Err(Closing::Frame(reason(CloseCode::Size, "at most 1 KiB")));
            }
            Some(Err(_)) => return Err(Closing::Frame(reason(CloseCode::Protocol, ""))),
            None => return Err(Closing::Gone),
        };
        if !self.liveness.receive(&frame, Instant::now()) {
            return Err(Closing::Frame(reason(CloseCode::Policy, "rate_limited")));
        }
        match frame {
            Frame::Ping(data) => self.send_message(Message::Pong(data)).await,
            Frame::Close(answered) => Err(Closing::Frame(answered.unwrap_or_else(|| reason(CloseCode::Normal, "")))),
            Frame::Text(text) if str::from_utf8(&text).is_err() => Err(Closing::Frame(reason(CloseCode::Invalid, ""))),
            Frame::Pong(_) | Frame::Text(_) | Frame::Binary(_) | Frame::Continuation(_) => Ok(()),
        }
    }
}

fn reason(code: CloseCode, description: &str) -> CloseReason {
    CloseReason { code, description: Some(description.to_owned()).filter(|text| !text.is_empty()) }
}

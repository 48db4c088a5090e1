//! Counts the requests of users, with the bytes of the bodies that were read and sent.

use std::{
    mem,
    pin::Pin,
    task::{Context, Poll},
};

use actix_web::{
    body::{BodySize, BoxBody, MessageBody},
    dev::ServiceResponse,
    web::{Bytes, Data},
};
use memo_application::UsageCounter;
use memo_domain::{CountedRequest, UsageKey};

use super::body::BytesRead;
use crate::context::RequestContext;

/// Counts a request, if it is one of a user to an operation. The bytes of a stream count when it ends.
pub fn counted(
    response: ServiceResponse<BoxBody>,
    context: &RequestContext,
    read: &BytesRead,
) -> ServiceResponse<BoxBody> {
    let operation = context.route.as_ref().and_then(|route| route.operation.clone());
    let (Some(caller), Some(operation)) = (&context.caller, operation) else { return response };
    let Some(usage) = response.request().app_data::<Data<UsageCounter>>().cloned() else { return response };
    let size = response.response().body().size();
    let request = CountedRequest {
        is_error: response.status().is_client_error() || response.status().is_server_error(),
        bytes_in: read.get(),
        bytes_out: match size {
            BodySize::Sized(bytes) if !context.is_head => bytes,
            BodySize::Sized(_) | BodySize::None | BodySize::Stream => 0,
        },
        latency: context.started.elapsed(),
    };
    let key = usage.count(caller, operation, &request);
    if size != BodySize::Stream {
        return response;
    }
    let stream = |body| Sent { body, bytes: 0, key: Some(key), usage };
    response.map_body(|_, body| BoxBody::new(stream(body)))
}

/// A stream whose bytes are counted when it ends.
struct Sent {
    body: BoxBody,
    bytes: u64,
    key: Option<UsageKey>,
    usage: Data<UsageCounter>,
}

impl MessageBody for Sent {
    type Error = Box<dyn std::error::Error>;

    fn size(&self) -> BodySize {
        self.body.size()
    }

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, Self::Error>>> {
        let next = Pin::new(&mut self.body).poll_next(context);
        match &next {
            Poll::Ready(Some(Ok(chunk))) => self.bytes += chunk.len() as u64,
            Poll::Ready(None) => self.finish(),
            Poll::Ready(Some(Err(_))) | Poll::Pending => {}
        }
        next
    }
}

impl Sent {
    fn finish(&mut self) {
        if let Some(key) = self.key.take() {
            self.usage.add_bytes_out(key, mem::take(&mut self.bytes));
        }
    }
}

impl Drop for Sent {
    fn drop(&mut self) {
        self.finish();
    }
}

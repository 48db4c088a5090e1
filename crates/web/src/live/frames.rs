//! A WebSocket connection (RFC 6455): frames in the body of a request, and in that of its response.
//!
//! As actix-ws has it, but with room for one frame that is sent, not 32: idle connections are many.

use std::convert::Infallible;

use actix_codec::{Decoder, Encoder};
use actix_http::ws::{Codec, Frame, HandshakeError, Item, Message, ProtocolError, handshake};
use actix_web::{
    HttpRequest, HttpResponse,
    body::{BodyStream, MessageBody},
    web::{Bytes, BytesMut, Payload},
};
use futures_util::{StreamExt, stream::poll_fn};

use crate::streams::{Sender, slot};

/// Accepts a handshake. The connection ends when the end that sends is dropped.
pub fn accept(
    request: &HttpRequest,
    payload: Payload,
    max_message: usize,
) -> Result<(HttpResponse, Outgoing, Incoming), HandshakeError> {
    let (sender, mut receiver) = slot();
    let frames = poll_fn(move |context| receiver.poll_recv(context).map(|frame| frame.map(Ok::<_, Infallible>)));
    let response = handshake(request.head())?.message_body(BodyStream::new(frames).boxed());
    let response = response.map_err(|_| HandshakeError::NoWebsocketUpgrade)?.into();
    let codec = Codec::new().max_size(max_message);
    let incoming = Incoming { payload, buffer: BytesMut::new(), codec: codec.clone(), max_message, fragments: 0 };
    Ok((response, Outgoing { sender, codec }, incoming))
}

/// The end that sends.
pub struct Outgoing {
    sender: Sender<Bytes>,
    codec: Codec,
}

impl Outgoing {
    /// Sends a message, as soon as the previous one is on its way. Returns `false` if the client is gone.
    pub async fn send(&mut self, message: Message) -> bool {
        let mut frame = BytesMut::new();
        self.codec.encode(message, &mut frame).is_ok() && self.sender.send(frame.freeze()).await
    }

    /// Waits until the client is gone.
    pub async fn closed(&self) {
        self.sender.closed().await;
    }
}

/// The end that receives.
pub struct Incoming {
    payload: Payload,
    buffer: BytesMut,
    codec: Codec,
    /// The maximum size of a message, in bytes.
    max_message: usize,
    /// The size of the message of which fragments have arrived, in bytes.
    fragments: usize,
}

impl Incoming {
    /// Receives a frame; `None` if the client is gone. If this future is dropped before it ends, nothing is lost.
    ///
    /// # Errors
    /// [`ProtocolError::Overflow`] if the message is too large; others if it violates the protocol.
    pub async fn next(&mut self) -> Option<Result<Frame, ProtocolError>> {
        loop {
            match self.codec.decode(&mut self.buffer) {
                // The codec itself checks the length only when the whole frame has arrived.
                Ok(None) if announced(&self.buffer).is_some_and(|length| length > self.max_message as u64) => {
                    return Some(Err(ProtocolError::Overflow));
                }
                Ok(None) => {}
                Ok(Some(frame)) if self.is_too_large(&frame) => return Some(Err(ProtocolError::Overflow)),
                decoded => return decoded.transpose(),
            }
            match self.payload.next().await? {
                Ok(bytes) if self.buffer.is_empty() => self.buffer = bytes.into(),
                Ok(bytes) => self.buffer.extend_from_slice(&bytes),
                Err(_) => return None,
            }
        }
    }

    /// Counts a frame, and returns whether the fragments of its message are too large together.
    fn is_too_large(&mut self, frame: &Frame) -> bool {
        let Frame::Continuation(item) = frame else { return false };
        self.fragments = match item {
            Item::FirstText(part) | Item::FirstBinary(part) => part.len(),
            Item::Continue(part) | Item::Last(part) => self.fragments + part.len(),
        };
        self.fragments > self.max_message
    }
}

/// The length of the payload of a frame (RFC 6455, section 5.2), as soon as its header says it.
fn announced(frame: &[u8]) -> Option<u64> {
    match frame.get(1)? & 0x7f {
        126 => frame.get(2..4)?.try_into().ok().map(u16::from_be_bytes).map(u64::from),
        127 => frame.get(2..10)?.try_into().ok().map(u64::from_be_bytes),
        length => Some(length.into()),
    }
}

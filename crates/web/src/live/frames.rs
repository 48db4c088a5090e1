//! A WebSocket connection (RFC 6455): frames in the body of a request, and in that of its response.
//!
//! As actix-ws has it, but with room for one frame that is sent, not 32: idle connections are many.

use std::{convert::Infallible, io};

use actix_codec::{Decoder, Encoder};
use actix_http::ws::{Codec, Frame, HandshakeError, Message, ProtocolError, handshake};
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
    max_frame: usize,
) -> Result<(HttpResponse, Outgoing, Incoming), HandshakeError> {
    let (sender, mut receiver) = slot();
    let frames = poll_fn(move |context| receiver.poll_recv(context).map(|frame| frame.map(Ok::<_, Infallible>)));
    let response = handshake(request.head())?.message_body(BodyStream::new(frames).boxed());
    let response = response.map_err(|_| HandshakeError::NoWebsocketUpgrade)?.into();
    let codec = Codec::new().max_size(max_frame);
    let incoming = Incoming { payload, buffer: BytesMut::new(), codec: codec.clone() };
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
}

impl Incoming {
    /// Receives a frame; `None` if the client is gone. If this future is dropped before it ends, nothing is lost.
    pub async fn next(&mut self) -> Option<Result<Frame, ProtocolError>> {
        loop {
            match self.codec.decode(&mut self.buffer) {
                Ok(None) => {}
                decoded => return decoded.transpose(),
            }
            match self.payload.next().await? {
                Ok(bytes) if self.buffer.is_empty() => self.buffer = bytes.into(),
                Ok(bytes) => self.buffer.extend_from_slice(&bytes),
                Err(error) => return Some(Err(ProtocolError::Io(io::Error::other(error)))),
            }
        }
    }
}

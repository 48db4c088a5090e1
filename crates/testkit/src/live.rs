//! Clients of live connections, which read them as they arrive.

use std::time::Duration;

use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use crate::TestApp;

/// Longer than anything takes that a test waits for.
const PATIENCE: Duration = Duration::from_secs(20);

/// The bytes of a connection.
struct Incoming {
    connection: TcpStream,
    buffer: Vec<u8>,
}

impl Incoming {
    /// Sends a request, and returns the head of the response, too.
    async fn open(app: &TestApp, request: &str) -> (Self, String) {
        let mut incoming = Self { connection: app.open(request.as_bytes()).await, buffer: Vec::new() };
        let head = incoming.until(b"\r\n\r\n").await.expect("a response");
        (incoming, String::from_utf8(head).expect("a head in ASCII"))
    }

    /// Reads more; false at the end of the connection.
    async fn more(&mut self) -> bool {
        let read = timeout(PATIENCE, self.connection.read_buf(&mut self.buffer)).await.expect("something arrives");
        matches!(read, Ok(1..))
    }

    /// Takes what stands before a separator, and the separator; `None` at the end of the connection.
    async fn until(&mut self, separator: &[u8]) -> Option<Vec<u8>> {
        loop {
            if let Some(at) = self.buffer.windows(separator.len()).position(|part| part == separator) {
                let mut taken: Vec<_> = self.buffer.drain(..at + separator.len()).collect();
                taken.truncate(at);
                return Some(taken);
            }
            if !self.more().await {
                return None;
            }
        }
    }

    /// Takes this number of bytes; `None` at the end of the connection.
    async fn exactly(&mut self, length: usize) -> Option<Vec<u8>> {
        while self.buffer.len() < length {
            if !self.more().await {
                return None;
            }
        }
        Some(self.buffer.drain(..length).collect())
    }
}

/// A client of `/api/v1/events`, by HTTP/1.0, whose body has no chunks.
pub struct EventStream {
    incoming: Incoming,
    /// The head of the response.
    pub head: String,
}

impl EventStream {
    /// Opens a stream with these lines in the head of the request.
    pub async fn open(app: &TestApp, token: &str, lines: &str) -> Self {
        let request =
            format!("GET /api/v1/events HTTP/1.0\r\nHost: localhost\r\nAuthorization: Bearer {token}\r\n{lines}\r\n");
        let (incoming, head) = Incoming::open(app, &request).await;
        Self { incoming, head }
    }

    /// Opens a stream after this change.
    pub async fn after(app: &TestApp, token: &str, seq: u64) -> Self {
        Self::open(app, token, &format!("Last-Event-ID: {seq}\r\n")).await
    }

    /// The status of the response.
    #[must_use]
    pub fn status(&self) -> &str {
        self.head.split(' ').nth(1).unwrap_or_default()
    }

    /// The next block of lines; `None` at the end.
    pub async fn block(&mut self) -> Option<String> {
        let block = self.incoming.until(b"\n\n").await?;
        Some(String::from_utf8(block).expect("UTF-8"))
    }

    /// The number and the data of the next event; `None` at the end. Comments and blocks without data are no events.
    pub async fn event(&mut self) -> Option<(u64, Value)> {
        loop {
            let block = self.block().await?;
            let field = |name: &str| block.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
            if let Some(data) = field("data") {
                let id = field("id").expect("an id").parse().expect("a number");
                return Some((id, serde_json::from_str(data).expect("JSON")));
            }
        }
    }
}

/// What a [`Socket`] receives.
#[derive(Debug, PartialEq, Eq)]
pub enum Frame {
    /// A message.
    Text(String),
    /// Asks for a [`Pong`](Self::Pong) with the same bytes.
    Ping(Vec<u8>),
    /// Answers a [`Ping`](Self::Ping).
    Pong(Vec<u8>),
    /// The end: the code and the reason.
    Close(u16, String),
}

/// A client of `/api/v1/ws`.
pub struct Socket(Incoming);

impl Socket {
    /// Opens a connection with these lines in the head of the request, and returns the head of the response, too.
    pub async fn handshake(app: &TestApp, query: &str, lines: &str) -> (Self, String) {
        Self::request(app, &format!("GET /api/v1/ws{query} HTTP/1.1"), lines).await
    }

    /// Sends the headers of a handshake after this request line.
    pub async fn request(app: &TestApp, request_line: &str, lines: &str) -> (Self, String) {
        // The key is that of RFC 6455, section 1.3.
        let request = format!(
            "{request_line}\r\nHost: localhost\r\nConnection: keep-alive, Upgrade\r\n\
             Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{lines}\r\n"
        );
        let (incoming, head) = Incoming::open(app, &request).await;
        (Self(incoming), head)
    }

    /// Opens a connection with a token.
    pub async fn open(app: &TestApp, token: &str, query: &str) -> Self {
        let (socket, head) = Self::handshake(app, query, &format!("Authorization: Bearer {token}\r\n")).await;
        assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
        assert!(head.to_ascii_lowercase().contains("\r\nsec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo="), "{head}");
        socket
    }

    /// The next frame; `None` at the end.
    pub async fn next(&mut self) -> Option<Frame> {
        let head = self.0.exactly(2).await?;
        let length = match head[1] {
            126 => u16::from_be_bytes(self.0.exactly(2).await?.try_into().expect("two bytes")).into(),
            length => usize::from(length),
        };
        let payload = self.0.exactly(length).await?;
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("UTF-8");
        Some(match head[0] {
            0x81 => Frame::Text(text(&payload)),
            0x88 => Frame::Close(u16::from_be_bytes([payload[0], payload[1]]), text(&payload[2..])),
            0x89 => Frame::Ping(payload),
            0x8a => Frame::Pong(payload),
            other => panic!("a frame of the kind {other:x}"),
        })
    }

    /// The JSON of the next text frame; pings before it are ignored.
    pub async fn json(&mut self) -> Value {
        loop {
            match self.next().await {
                Some(Frame::Text(text)) => return serde_json::from_str(&text).expect("JSON"),
                Some(Frame::Ping(_)) => {}
                other => panic!("{other:?} is no text"),
            }
        }
    }

    /// The code and the reason with which the server closes; other frames before it are ignored.
    pub async fn closed(&mut self) -> Option<(u16, String)> {
        loop {
            if let Frame::Close(code, reason) = self.next().await? {
                return Some((code, reason));
            }
        }
    }

    /// Sends a frame that is a message: 1 is a text, 9 a ping.
    pub async fn send(&mut self, opcode: u8, payload: &[u8]) {
        self.send_frame(0x80 | opcode, payload).await;
    }

    /// Sends a frame with this first byte.
    pub async fn send_frame(&mut self, first: u8, payload: &[u8]) {
        let length = u16::try_from(payload.len()).expect("short");
        let mut frame = vec![first];
        match length {
            // The highest bit says that a mask follows, which changes nothing if it is zero.
            0..126 => frame.push(0x80 | u8::try_from(length).expect("short")),
            _ => frame.extend([&[0xfe][..], &length.to_be_bytes()].concat()),
        }
        frame.extend([0; 4]);
        frame.extend(payload);
        self.send_bytes(&frame).await;
    }

    /// Sends bytes as they are.
    pub async fn send_bytes(&mut self, bytes: &[u8]) {
        // The server may have closed already.
        let _ = self.0.connection.write_all(bytes).await;
    }
}

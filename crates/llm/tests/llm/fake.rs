//! A server with the chat completions of OpenAI.

use std::{
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use memo_llm::{ChatModel, ModelSettings};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
};

pub const KEY: &str = "hunter2-of-the-api";
pub const MODEL: &str = "small";
/// How long the adapter waits: enough for every response, and a silent model is given up soon.
pub const PAUSE: Duration = Duration::from_secs(2);

/// How calls are answered.
#[derive(Debug, Clone)]
pub enum Reply {
    /// With these parts, as the call asks: as events or whole.
    Answer(Vec<String>),
    /// With events, also if the call asks for a whole answer, or the other way round.
    Contrary(Vec<String>),
    /// With the beginning of an answer; then the connection ends.
    BreakOff(String),
    /// With the beginning of an answer; then nothing.
    Begin(String),
    /// Not at all.
    Hang,
    /// With the end of the connection.
    HangUp,
    /// With events, or spaces in JSON, without an end.
    Endless,
    /// With this status, these headers and this body.
    Status(u16, String, String),
    /// With this media type and body.
    Typed(&'static str, String),
}

/// A request: method and path, the credentials, the body.
pub type Sent = (String, Option<String>, Value);

pub struct State {
    pub reply: Reply,
    pub requests: Vec<Sent>,
}

pub struct Fake {
    /// The base URL of the API.
    pub url: String,
    state: Mutex<State>,
    running: AtomicUsize,
}

/// Counts a call until it ends.
struct Call<'a>(&'a AtomicUsize);

impl<'a> Call<'a> {
    fn begin(running: &'a AtomicUsize) -> Self {
        running.fetch_add(1, Ordering::SeqCst);
        Self(running)
    }
}

impl Drop for Call<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Fake {
    pub async fn start() -> Arc<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let url = format!("http://{}/v1", listener.local_addr().expect("an address"));
        let state = Mutex::new(State { reply: Reply::Answer(Vec::new()), requests: Vec::new() });
        let fake = Arc::new(Self { url, state, running: AtomicUsize::new(0) });
        let server = fake.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(server.clone().serve(stream));
            }
        });
        fake
    }

    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn reply(&self, reply: Reply) {
        self.state().reply = reply;
    }

    /// How many calls it works on.
    pub fn running(&self) -> usize {
        self.running.load(Ordering::SeqCst)
    }

    pub fn requests_to(&self, target: &str) -> usize {
        self.state().requests.iter().filter(|(other, ..)| other == target).count()
    }

    pub fn settings(&self) -> ModelSettings {
        ModelSettings {
            base_url: self.url.clone(),
            api_key: Some(KEY.to_owned()),
            model: MODEL.to_owned(),
            pause: PAUSE,
        }
    }

    pub fn model(&self) -> ChatModel {
        ChatModel::new(self.settings()).expect("valid settings")
    }

    async fn serve(self: Arc<Self>, stream: TcpStream) {
        let mut stream = BufReader::new(stream);
        let Some(request) = read(&mut stream).await else { return };
        let (target, _, body) = &request;
        let is_streamed = body["stream"] == true;
        let is_call = target == "POST /v1/chat/completions";
        let _call = is_call.then(|| Call::begin(&self.running));
        let reply = {
            let mut state = self.state();
            state.requests.push(request);
            state.reply.clone()
        };
        // The client may be gone.
        let _ = respond(&mut stream, reply, is_streamed).await;
    }
}

async fn respond(stream: &mut BufReader<TcpStream>, reply: Reply, is_streamed: bool) -> std::io::Result<()> {
    match reply {
        Reply::Answer(parts) => answer(stream, &parts, is_streamed).await,
        Reply::Contrary(parts) => answer(stream, &parts, !is_streamed).await,
        Reply::BreakOff(text) => begin(stream, &text, is_streamed).await,
        Reply::Begin(text) => {
            begin(stream, &text, is_streamed).await?;
            until_closed(stream).await
        }
        Reply::Hang => until_closed(stream).await,
        Reply::HangUp => Ok(()),
        Reply::Endless => {
            let part = if is_streamed { event(&"x".repeat(1_000)) } else { " ".repeat(1_000) };
            stream.write_all(head(200, media_type(is_streamed), "").as_bytes()).await?;
            loop {
                stream.write_all(part.as_bytes()).await?;
            }
        }
        Reply::Status(status, headers, body) => {
            stream.write_all((head(status, "application/json", &headers) + &body).as_bytes()).await
        }
        Reply::Typed(media_type, body) => stream.write_all((head(200, media_type, "") + &body).as_bytes()).await,
    }
}

async fn answer(stream: &mut BufReader<TcpStream>, parts: &[String], is_streamed: bool) -> std::io::Result<()> {
    let usage = json!({"prompt_tokens": 9, "completion_tokens": parts.len(), "total_tokens": 9 + parts.len()});
    let body = if is_streamed {
        let parts = parts.iter().map(|part| event(part)).collect::<String>();
        let end = json!({"choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}], "model": "small-1"});
        let usage = json!({"choices": [], "usage": usage});
        format!(": hello\n\n{parts}data: {end}\n\ndata: {usage}\n\ndata: [DONE]\n\n")
    } else {
        let message = json!({"role": "assistant", "content": parts.concat()});
        let choice = json!({"index": 0, "message": message, "finish_reason": "stop"});
        json!({"id": "1", "object": "chat.completion", "model": "small-1", "choices": [choice], "usage": usage})
            .to_string()
    };
    stream.write_all(head(200, media_type(is_streamed), "").as_bytes()).await?;
    // In pieces that end within characters and lines.
    stream.get_ref().set_nodelay(true)?;
    for piece in body.as_bytes().chunks(7) {
        stream.write_all(piece).await?;
    }
    Ok(())
}

/// Reads a request; `None` if the client is gone.
async fn read(stream: &mut BufReader<TcpStream>) -> Option<Sent> {
    let mut line = String::new();
    stream.read_line(&mut line).await.ok()?;
    let target = line.rsplit_once(' ')?.0.to_owned();
    let (mut length, mut credentials) = (0, None);
    loop {
        let mut header = String::new();
        stream.read_line(&mut header).await.ok()?;
        match header.trim_end().split_once(": ").map(|(name, value)| (name.to_ascii_lowercase(), value)) {
            None => break,
            Some((name, value)) if name == "content-length" => length = value.parse().expect("a length"),
            Some((name, value)) if name == "authorization" => credentials = Some(value.to_owned()),
            Some(_) => {}
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).await.ok()?;
    Some((target, credentials, serde_json::from_slice(&body).unwrap_or_default()))
}

async fn begin(stream: &mut BufReader<TcpStream>, text: &str, is_streamed: bool) -> std::io::Result<()> {
    let (headers, body) = if is_streamed {
        ("Transfer-Encoding: chunked\r\n", chunk(&event(text)))
    } else {
        ("Content-Length: 100000\r\n", format!(r#"{{"choices": [{{"message": {{"content": "{text}"#))
    };
    stream.write_all((head(200, media_type(is_streamed), headers) + &body).as_bytes()).await
}

/// Waits until the client closes the connection.
async fn until_closed(stream: &mut BufReader<TcpStream>) -> std::io::Result<()> {
    while stream.read(&mut [0; 64]).await? > 0 {}
    Ok(())
}

fn head(status: u16, media_type: &str, headers: &str) -> String {
    format!("HTTP/1.1 {status} Status\r\nContent-Type: {media_type}\r\nConnection: close\r\n{headers}\r\n")
}

const fn media_type(is_streamed: bool) -> &'static str {
    if is_streamed { "text/event-stream" } else { "application/json" }
}

fn event(text: &str) -> String {
    let choice = json!({"index": 0, "delta": {"content": text}, "finish_reason": null});
    format!("data: {}\n\n", json!({"object": "chat.completion.chunk", "choices": [choice]}))
}

fn chunk(text: &str) -> String {
    format!("{:x}\r\n{text}\r\n", text.len())
}

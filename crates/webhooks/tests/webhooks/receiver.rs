//! A receiver of webhooks.

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use memo_domain::WebhookUrl;
use memo_webhooks::WebhookClient;
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    time::interval,
};

/// How long the sender waits: a silent receiver is given up soon.
pub const TIME_LIMIT: Duration = Duration::from_secs(2);

/// How requests are answered.
#[derive(Debug, Clone, Copy)]
pub enum Reply {
    /// With this status.
    Status(u16),
    /// Not at all.
    Silent,
    /// With a header that comes byte by byte.
    Slow,
    /// With a header without an end.
    EndlessHeader,
    /// With a body without an end.
    EndlessBody,
    /// With a redirect to itself.
    Redirect,
    /// With the end of the connection.
    HangUp,
}

/// A request: its line, its header with names in lower case, its body.
#[derive(Debug, Clone)]
pub struct Request {
    pub line: String,
    pub header: HashMap<String, String>,
    pub body: String,
}

pub struct Receiver {
    pub port: u16,
    reply: Mutex<Reply>,
    requests: Mutex<Vec<Request>>,
    connections: AtomicUsize,
}

impl Receiver {
    pub async fn start() -> Arc<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a port");
        let receiver = Arc::new(Self {
            port: listener.local_addr().expect("an address").port(),
            reply: Mutex::new(Reply::Status(200)),
            requests: Mutex::default(),
            connections: AtomicUsize::new(0),
        });
        let server = receiver.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                server.connections.fetch_add(1, Ordering::SeqCst);
                let server = server.clone();
                tokio::spawn(async move { server.serve(stream).await });
            }
        });
        receiver
    }

    /// Its URL at a name or an address.
    pub fn url_at(&self, host: &str) -> WebhookUrl {
        WebhookUrl::new(format!("http://{host}:{}/in?token=a", self.port)).expect("a URL")
    }

    pub fn url(&self) -> WebhookUrl {
        self.url_at("127.0.0.1")
    }

    pub fn reply(&self, reply: Reply) {
        *lock(&self.reply) = reply;
    }

    pub fn requests(&self) -> Vec<Request> {
        lock(&self.requests).clone()
    }

    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    async fn serve(&self, stream: TcpStream) -> Option<()> {
        let mut stream = BufReader::new(stream);
        let request = read(&mut stream).await?;
        lock(&self.requests).push(request);
        let reply = *lock(&self.reply);
        let port = self.port;
        match reply {
            Reply::HangUp => {}
            Reply::Silent => drop(stream.read_to_end(&mut Vec::new()).await),
            Reply::Status(status) => {
                let head = format!("HTTP/1.1 {status} Status\r\nContent-Length: 2\r\n\r\nok");
                stream.write_all(head.as_bytes()).await.ok()?;
            }
            Reply::Redirect => {
                let head =
                    format!("HTTP/1.1 307 Moved\r\nLocation: http://127.0.0.1:{port}/in\r\nContent-Length: 0\r\n\r\n");
                stream.write_all(head.as_bytes()).await.ok()?;
            }
            Reply::Slow => {
                let mut ticks = interval(Duration::from_millis(100));
                for byte in "HTTP/1.1 200 OK\r\nx: ".bytes().chain(std::iter::repeat(b'a')) {
                    ticks.tick().await;
                    stream.write_all(&[byte]).await.ok()?;
                }
            }
            Reply::EndlessHeader => {
                stream.write_all(b"HTTP/1.1 200 OK\r\nx: ").await.ok()?;
                loop {
                    stream.write_all(&[b'a'; 4096]).await.ok()?;
                }
            }
            Reply::EndlessBody => {
                stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.ok()?;
                loop {
                    stream.write_all(&[b'a'; 4096]).await.ok()?;
                }
            }
        }
        Some(())
    }
}

async fn read(stream: &mut BufReader<TcpStream>) -> Option<Request> {
    let mut line = String::new();
    stream.read_line(&mut line).await.ok()?;
    let mut header = HashMap::new();
    loop {
        let mut field = String::new();
        stream.read_line(&mut field).await.ok()?;
        let Some((name, value)) = field.trim_end().split_once(": ") else { break };
        header.insert(name.to_ascii_lowercase(), value.to_owned());
    }
    let mut body = vec![0; header.get("content-length")?.parse().ok()?];
    stream.read_exact(&mut body).await.ok()?;
    Some(Request { line: line.trim_end().to_owned(), header, body: String::from_utf8(body).ok()? })
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A sender that reaches this machine.
pub fn client() -> WebhookClient {
    WebhookClient::new(vec!["127.0.0.0/8".parse().expect("a network")]).with_time_limit(TIME_LIMIT)
}

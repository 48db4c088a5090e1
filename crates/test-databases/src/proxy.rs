//! A proxy that simulates network failures.

use std::{io, sync::Arc};

use memo_conformance::eventually;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::watch,
};

/// Forwards connections from a local port to a server, until told otherwise. It ends with the runtime.
#[derive(Debug)]
pub struct Proxy {
    port: u16,
    state: Arc<watch::Sender<State>>,
}

#[derive(Debug, Clone, Copy)]
struct State {
    mode: Mode,
    /// Connections of earlier epochs are closed.
    epoch: u32,
    /// How many more messages reach the server.
    messages_left: Option<u32>,
    /// How many connections there have been, and before which number they forward nothing.
    accepted: u32,
    frozen: u32,
    /// How many connections of this epoch are open, and how many of earlier ones are not closed yet.
    open: u32,
    closing: u32,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    Forwarding,
    Frozen,
    Refusing,
}

impl Proxy {
    /// Starts a proxy for the server at this address.
    pub async fn start(server: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let state = Arc::new(watch::Sender::new(State {
            mode: Mode::Forwarding,
            epoch: 0,
            messages_left: None,
            accepted: 0,
            frozen: 0,
            open: 0,
            closing: 0,
        }));
        tokio::spawn(serve(listener, port, server, state.clone()));
        Self { port, state }
    }

    /// The local port.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Forwards nothing from now on, without closing connections.
    pub fn freeze(&self) {
        self.state.send_modify(|state| state.mode = Mode::Frozen);
    }

    /// Forwards nothing more on the open connections, without closing them; new ones work.
    pub fn freeze_connections(&self) {
        self.state.send_modify(|state| state.frozen = state.accepted);
    }

    /// Closes all connections and refuses new ones.
    pub fn cut(&self) {
        self.state.send_modify(State::cut);
    }

    /// Closes all connections but accepts new ones, like a restart of the server.
    pub async fn drop_connections(&self) {
        self.state.send_modify(State::close_all);
        until(&mut self.state.subscribe(), |state| state.closing == 0).await;
    }

    /// Does [`cut`](Self::cut) after `messages` more messages to the server.
    pub fn cut_after(&self, messages: u32) {
        self.state.send_modify(|state| state.messages_left = Some(messages));
    }

    /// Forwards everything again.
    pub async fn restore(&self) {
        self.state.send_modify(|state| {
            state.mode = Mode::Forwarding;
            state.messages_left = None;
        });
        eventually("the port is open", async || TcpStream::connect(("127.0.0.1", self.port)).await.ok()).await;
    }
}

impl State {
    const fn cut(&mut self) {
        self.mode = Mode::Refusing;
        self.close_all();
    }

    const fn close_all(&mut self) {
        self.epoch += 1;
        self.closing += self.open;
        self.open = 0;
    }
}

async fn serve(mut listener: TcpListener, port: u16, server: String, state: Arc<watch::Sender<State>>) {
    let mut watched = state.subscribe();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let Ok((client, _)) = accepted else { continue };
                tokio::spawn(forward(client, server.clone(), state.clone()));
            }
            () = until(&mut watched, |state| state.mode == Mode::Refusing) => {
                drop(listener);
                until(&mut watched, |state| state.mode != Mode::Refusing).await;
                listener = TcpListener::bind(("127.0.0.1", port)).await.expect("the port is still free");
            }
        }
    }
}

async fn forward(client: TcpStream, server: String, state: Arc<watch::Sender<State>>) {
    let (mut watched, mut closing) = (state.subscribe(), state.subscribe());
    let open = Open::new(state.clone());
    // Closed before it no longer counts as open.
    let mut client = client;
    let exchange = async {
        until(&mut watched, |state| state.mode == Mode::Forwarding).await;
        let mut server = TcpStream::connect(server).await?;
        let ((from_client, to_client), (from_server, to_server)) = (client.split(), server.split());
        tokio::select! {
            ended = pump(from_client, to_server, &state, open.number, true) => ended,
            ended = pump(from_server, to_client, &state, open.number, false) => ended,
        }
    };
    tokio::select! {
        _ = exchange => {}
        () = until(&mut closing, |state| state.epoch != open.epoch) => {}
    }
}

/// Counts a connection as open as long as it lives.
struct Open {
    state: Arc<watch::Sender<State>>,
    epoch: u32,
    number: u32,
}

impl Open {
    fn new(state: Arc<watch::Sender<State>>) -> Self {
        let (mut epoch, mut number) = (0, 0);
        state.send_modify(|state| {
            (epoch, number) = (state.epoch, state.accepted);
            state.open += 1;
            state.accepted += 1;
        });
        Self { state, epoch, number }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        self.state.send_modify(|state| {
            let open = if state.epoch == self.epoch { &mut state.open } else { &mut state.closing };
            *open -= 1;
        });
    }
}

/// Waits for a state; forever if the sender is gone.
async fn until(watched: &mut watch::Receiver<State>, is_reached: impl Fn(&State) -> bool) {
    if watched.wait_for(|state| is_reached(state)).await.is_err() {
        std::future::pending::<()>().await;
    }
}

async fn pump(
    mut from: impl AsyncReadExt + Unpin,
    mut to: impl AsyncWriteExt + Unpin,
    state: &watch::Sender<State>,
    number: u32,
    is_counted: bool,
) -> io::Result<()> {
    let (mut bytes, mut watched) = (vec![0; 64 * 1024], state.subscribe());
    loop {
        let length = from.read(&mut bytes).await?;
        if length == 0 {
            return Ok(());
        }
        until(&mut watched, |state| state.mode != Mode::Frozen && state.frozen <= number).await;
        if is_counted {
            state.send_if_modified(|state| match &mut state.messages_left {
                Some(0) => {
                    state.cut();
                    true
                }
                Some(left) => {
                    *left -= 1;
                    false
                }
                None => false,
            });
        }
        if watched.borrow().mode == Mode::Refusing {
            return Ok(());
        }
        to.write_all(&bytes[..length]).await?;
    }
}

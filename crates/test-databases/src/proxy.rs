//! A network that fails when it is told to.

use std::{io, sync::Arc, time::Duration};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::watch,
    time::sleep,
};

/// Passes on to a server what comes in on a port of this machine, until it is told otherwise. It ends with the runtime.
#[derive(Debug)]
pub struct Proxy {
    port: u16,
    state: Arc<watch::Sender<State>>,
}

#[derive(Debug, Clone, Copy)]
struct State {
    mode: Mode,
    /// Connections of an earlier one are closed.
    epoch: u32,
    /// How many messages the server still gets.
    messages_left: Option<u32>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mode {
    PassingOn,
    Frozen,
    Refusing,
}

impl Proxy {
    /// In front of the server at this address.
    pub async fn start(server: String) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let port = listener.local_addr().expect("its address").port();
        let state = Arc::new(watch::Sender::new(State { mode: Mode::PassingOn, epoch: 0, messages_left: None }));
        tokio::spawn(serve(listener, port, server, state.clone()));
        Self { port, state }
    }

    /// Where it listens.
    #[must_use]
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// From now on nothing comes through, and nobody is told.
    pub fn freeze(&self) {
        self.state.send_modify(|state| state.mode = Mode::Frozen);
    }

    /// Ends all connections; new ones are refused.
    pub fn cut(&self) {
        self.state.send_modify(State::cut);
    }

    /// Ends all connections; new ones are welcome, as after a restart of the server.
    pub fn drop_connections(&self) {
        self.state.send_modify(|state| state.epoch += 1);
    }

    /// Is [`cut`](Self::cut) when the server has got so many messages more.
    pub fn cut_after(&self, messages: u32) {
        self.state.send_modify(|state| state.messages_left = Some(messages));
    }

    /// From now on all comes through again.
    pub async fn restore(&self) {
        self.state.send_modify(|state| {
            state.mode = Mode::PassingOn;
            state.messages_left = None;
        });
        while TcpStream::connect(("127.0.0.1", self.port)).await.is_err() {
            sleep(Duration::from_millis(1)).await;
        }
    }
}

impl State {
    const fn cut(&mut self) {
        self.mode = Mode::Refusing;
        self.epoch += 1;
    }
}

async fn serve(mut listener: TcpListener, port: u16, server: String, state: Arc<watch::Sender<State>>) {
    let mut watched = state.subscribe();
    loop {
        tokio::select! {
            accepted = listener.accept() => {
                let Ok((client, _)) = accepted else { continue };
                tokio::spawn(pass_on(client, server.clone(), state.clone()));
            }
            () = until(&mut watched, |state| state.mode == Mode::Refusing) => {
                drop(listener);
                until(&mut watched, |state| state.mode != Mode::Refusing).await;
                listener = TcpListener::bind(("127.0.0.1", port)).await.expect("the port is still free");
            }
        }
    }
}

async fn pass_on(mut client: TcpStream, server: String, state: Arc<watch::Sender<State>>) {
    let mut watched = state.subscribe();
    let epoch = watched.borrow().epoch;
    let mut closing = state.subscribe();
    let exchange = async {
        until(&mut watched, |state| state.mode == Mode::PassingOn).await;
        let mut server = TcpStream::connect(server).await?;
        let ((from_client, to_client), (from_server, to_server)) = (client.split(), server.split());
        tokio::select! {
            ended = pump(from_client, to_server, &state, true) => ended,
            ended = pump(from_server, to_client, &state, false) => ended,
        }
    };
    tokio::select! {
        _ = exchange => {}
        () = until(&mut closing, |state| state.epoch != epoch) => {}
    }
}

/// Waits for a state, without end where nobody changes it any more.
async fn until(watched: &mut watch::Receiver<State>, is_so: impl Fn(&State) -> bool) {
    if watched.wait_for(|state| is_so(state)).await.is_err() {
        std::future::pending::<()>().await;
    }
}

async fn pump(
    mut from: impl AsyncReadExt + Unpin,
    mut to: impl AsyncWriteExt + Unpin,
    state: &watch::Sender<State>,
    is_counted: bool,
) -> io::Result<()> {
    let (mut bytes, mut watched) = (vec![0; 64 * 1024], state.subscribe());
    loop {
        let length = from.read(&mut bytes).await?;
        if length == 0 {
            return Ok(());
        }
        until(&mut watched, |state| state.mode != Mode::Frozen).await;
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

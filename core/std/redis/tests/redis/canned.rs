//! A server of canned replies.

use std::{
    io::{BufRead, BufReader, Write},
    net::{TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    thread,
};

/// Returns the reply to a command, or `None` for no reply at all.
type Respond = dyn Fn(&[String]) -> Option<String> + Send + Sync;

/// The server. It runs until the test ends.
pub(crate) struct Canned {
    pub(crate) port: u16,
    connections: Arc<AtomicUsize>,
}

impl Canned {
    pub(crate) fn start(respond: impl Fn(&[String]) -> Option<String> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
        let port = listener.local_addr().expect("it is bound").port();
        let (connections, respond): (Arc<AtomicUsize>, Arc<Respond>) = (Arc::default(), Arc::new(respond));
        let count = Arc::clone(&connections);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                count.fetch_add(1, Ordering::SeqCst);
                let respond = Arc::clone(&respond);
                thread::spawn(move || serve(stream, &*respond));
            }
        });
        Self { port, connections }
    }

    /// Starts a server with this reply to each script.
    pub(crate) fn replying(reply: &str) -> Self {
        let reply = reply.to_owned();
        Self::start(move |command| Some(if is_script(command) { reply.clone() } else { common(command) }))
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Returns the number of connections so far.
    pub(crate) fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }
}

pub(crate) fn is_script(command: &[String]) -> bool {
    command[0].starts_with("EVAL")
}

/// Returns the usual reply to a command that is not a script.
pub(crate) fn common(command: &[String]) -> String {
    if command[0] == "INFO" { bulk("maxmemory:0\r\nmaxmemory_policy:noeviction\r\n") } else { "+OK".into() }
}

pub(crate) fn bulk(text: &str) -> String {
    format!("${}\r\n{text}", text.len())
}

fn serve(stream: TcpStream, respond: &Respond) {
    let Ok(mut writer) = stream.try_clone() else { return };
    let mut reader = BufReader::new(stream);
    while let Some(command) = read(&mut reader) {
        if let Some(reply) = respond(&command)
            && writer.write_all(format!("{reply}\r\n").as_bytes()).is_err()
        {
            return;
        }
    }
}

/// Reads a command; `None` at the end of the connection.
fn read(reader: &mut impl BufRead) -> Option<Vec<String>> {
    let count = number(reader, '*')?;
    let mut words = Vec::new();
    for _ in 0..count {
        let length = number(reader, '$')?;
        let mut word = vec![0; length + 2];
        reader.read_exact(&mut word).ok()?;
        words.push(String::from_utf8(word).ok()?.trim_end_matches("\r\n").to_owned());
    }
    Some(words)
}

fn number(reader: &mut impl BufRead, prefix: char) -> Option<usize> {
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    line.trim_end().strip_prefix(prefix)?.parse().ok()
}

//! Web page that shows the live locations shared in a chat, on a grid of degrees.
//!
//! ```text
//! LISTEN=127.0.0.1:8080 cargo run -p teamwire-blocking --example live_map -- CHAT_ID
//! ```

#![allow(clippy::print_stdout, reason = "it is a program for a terminal")]

#[path = "../support/http.rs"]
mod http;
mod map;
#[path = "../support/page.rs"]
mod page;
#[cfg(test)]
mod tests;

use std::{env, error::Error, net::TcpListener, process, thread};

use self::{
    http::{Request, Response},
    map::Map,
    page::page,
};

const STYLE: &str = "  body { margin: 0; } svg { display: block; width: 100vw; height: 100vh; }\n";

fn main() -> Result<(), Box<dyn Error>> {
    let chat = env::args().nth(1).ok_or("usage: live_map CHAT_ID")?;
    let listener = TcpListener::bind(env::var("LISTEN").unwrap_or_else(|_| "127.0.0.1:8080".to_owned()))?;
    let client = teamwire_blocking::client_from_env()?;
    println!("I am {}.", client.check()?);
    let (chat, map) = (client.chats().chat(chat), Map::default());
    println!("The page is at http://{}/", listener.local_addr()?);

    thread::scope(|scope| {
        scope.spawn(|| {
            eprintln!("the feed has ended: {:?}", map.follow(&chat));
            process::exit(1);
        });
        http::serve(&listener, |request| respond(&map, request));
    });
    Ok(())
}

fn respond(map: &Map, request: &Request) -> Response {
    match request.line.as_str() {
        "GET /" => (200, "text/html", page("Live locations", STYLE, "/map")),
        "GET /map" => (200, "image/svg+xml", map.svg()),
        _ => (404, "text/plain", "there is no such page".to_owned()),
    }
}

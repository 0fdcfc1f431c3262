//! Web page that shows live who has reacted to an alert: posts the alert, and serves the page until it is stopped.
//!
//! ```text
//! LISTEN=127.0.0.1:8080 cargo run -p teamwire-blocking --example acknowledgements -- "The database is down"
//! ```

#![allow(clippy::print_stdout, reason = "it is a program for a terminal")]

mod board;
#[path = "../support/http.rs"]
mod http;
#[path = "../support/page.rs"]
mod page;
#[cfg(test)]
mod tests;

use std::{env, error::Error, net::TcpListener, process, thread};

use teamwire_blocking::{AlertType, Draft, NewChat};

use self::{
    board::Board,
    http::{Request, Response},
    page::page,
};

const STYLE: &str = "  body { max-width: 40rem; margin: 2rem auto; padding: 0 1rem; }
  table { border-collapse: collapse; width: 100%; }
  td { border-top: 1px solid #ccc; padding: .4rem; }
  td + td { text-align: right; }
  .ok { background: #d9f2d9; } .sos { background: #f8d0d0; } .none { color: #666; }
";

fn main() -> Result<(), Box<dyn Error>> {
    let text = env::args().nth(1).ok_or("usage: acknowledgements TEXT")?;
    let listener = TcpListener::bind(env::var("LISTEN").unwrap_or_else(|_| "127.0.0.1:8080".to_owned()))?;
    let client = teamwire_blocking::client_from_env()?;
    println!("I am {}.", client.check()?);

    let people = client.contacts().users()?;
    let chat = client.chats().get_or_create(NewChat::titled("Operations").users(&people))?;
    let mut reactions = client.chats().reaction_updates(None);
    // From here on, no reaction is missed.
    reactions.started()?;
    let alert = chat.post(Draft::text(&text).alert(AlertType::Alert))?;
    let members = chat.user_members().iter().filter(|user| !user.is_bot).cloned();
    let board = Board::new(&alert.mid, &text, members);
    println!("The page is at http://{}/", listener.local_addr()?);

    thread::scope(|scope| {
        scope.spawn(|| {
            eprintln!("the feed has ended: {:?}", board.follow(&chat, reactions));
            process::exit(1);
        });
        http::serve(&listener, |request| respond(&board, request));
    });
    Ok(())
}

fn respond(board: &Board, request: &Request) -> Response {
    match request.line.as_str() {
        "GET /" => (200, "text/html", page("Reactions", STYLE, "/board")),
        "GET /board" => (200, "text/html", board.html()),
        _ => (404, "text/plain", "there is no such page".to_owned()),
    }
}

use teamwire_blocking::{
    Error, Script, User,
    model::MessageId,
    script::v1::{expect, respond, sample},
    scripted,
};

use crate::{board::Board, http::Request, respond as serve};

fn page(board: &Board, line: &str) -> (u16, String) {
    let (status, _, body) = serve(board, &Request { line: line.to_owned(), body: Vec::new() });
    (status, body)
}

#[test]
fn page_shows_who_has_reacted() -> Result<(), Error> {
    let members = [User::new("u-anna", "Anna", "Berg"), User::new("u-ben", "Ben", "<b>")];
    let board = Board::new(&MessageId::from("m1"), "Pump 3 & 4", members);
    let (_, before) = page(&board, "GET /board");
    assert!(before.contains("Pump 3 &amp; 4") && before.contains("0 of 2"), "{before}");
    assert!(before.contains("<td>Ben &lt;b></td><td>no reaction yet</td>"), "{before}");

    let updates = [sample::reaction("r1", "m1", "c1", "ok"), sample::reaction("r2", "another", "c1", "sos")];
    let mut missed = sample::reaction("r3", "m1", "c1", "sos");
    missed["from_user"] = sample::user("u-ben", "Ben", "<b>");
    let script = Script::new()
        .always(expect::chat("c1"), respond::chat(sample::chat("c1", "Operations")))
        .on(expect::subscribe_reactions(), [respond::subscription("s1", "k0")])
        .on(
            expect::reaction_updates(),
            [respond::reaction_updates(updates, "k1"), respond::cursor_expired(), respond::no_updates("k9")],
        )
        .on(expect::reactions("c1", "m1"), [respond::reactions([missed])]);
    let client = scripted(&script);
    board.follow(&client.chats().chat("c1").get()?, client.chats().reaction_updates(None))?;
    script.assert_done();
    let (_, after) = page(&board, "GET /board");
    for line in ["2 of 2", "<tr class=\"ok\"><td>Anna Berg</td><td>OK</td></tr>", "<td>Ben &lt;b></td><td>SOS</td>"] {
        assert!(after.contains(line), "{after}");
    }
    Ok(())
}

#[test]
fn users_of_the_same_name_have_rows_of_their_own() {
    let members = ["u-1", "u-2"].map(|uid| User::new(uid, "Anna", "Berg"));
    let (_, html) = page(&Board::new(&MessageId::from("m1"), "", members), "GET /board");
    assert!(html.contains("0 of 2") && html.matches("<td>Anna Berg</td>").count() == 2, "{html}");
}

#[test]
fn other_pages_do_not_exist() {
    let board = Board::new(&MessageId::from("m1"), "", []);
    assert_eq!(page(&board, "GET /").0, 200);
    assert_eq!(page(&board, "GET /favicon.ico").0, 404);
    assert_eq!(page(&board, "POST /board").0, 404);
}

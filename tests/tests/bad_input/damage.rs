//! Lists in which a few bytes of one item are damaged: every other item is delivered.
//!
//! There is one exception. If the damage removes the end of a list within the item, the body may be the same as one
//! that is cut. Then a list is an error, and a feed delivers what it can and does not go past the rest.

use std::cell::Cell;

use chrono::DateTime;
use proptest::{collection::vec, prelude::*, sample::select, test_runner::TestRunner};
use serde_json::json;
use teamwire_core::{
    Client, Config, Credentials, Error, FeedEvent, Message,
    effect::{Moment, Now},
    executor::Manual,
    flow::Flow,
    machine::{Feed, Machine, Reply, Step},
    script::sample,
};
use teamwire_tests::operations::TID;

/// Bytes that may affect the structure.
pub(crate) const BYTES: &[u8] = b"{}[],:\"\\\n \0x1\xff";

/// The kinds of lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Batch,
    Messages,
    Users,
    Groups,
    Chats,
}

/// A list with a damaged item.
#[derive(Clone, Debug)]
struct Damaged {
    kind: Kind,
    count: usize,
    /// The damaged item, and the place in it, which are reduced to the valid range.
    item: usize,
    place: usize,
    removed: usize,
    inserted: Vec<u8>,
    cursor: Cursor,
}

/// The place of the cursor of the list.
#[derive(Clone, Copy, Debug)]
enum Cursor {
    Before,
    After,
    /// None, at the end of a list.
    Missing,
}

fn damaged() -> impl Strategy<Value = Damaged> {
    let kinds = select(vec![Kind::Batch, Kind::Messages, Kind::Users, Kind::Groups, Kind::Chats]);
    let cursors = select(vec![Cursor::Before, Cursor::After, Cursor::Missing]);
    // Most damage is at the ends of the items, where it affects the structure.
    let place = prop_oneof![0_usize..4, 0_usize..2000, (1_usize..6).prop_map(|back| usize::MAX - back)];
    let bytes = vec(select(BYTES), 0..=3);
    (kinds, 1_usize..5, any::<usize>(), place, 0_usize..=3, bytes, cursors)
        .prop_map(|(kind, count, item, place, removed, inserted, cursor)| Damaged {
            kind,
            count,
            item: item % count,
            place,
            removed,
            inserted,
            cursor,
        })
        .prop_filter("it is damaged", |damaged| damaged.removed > 0 || !damaged.inserted.is_empty())
}

impl Damaged {
    fn item(&self, index: usize) -> String {
        // Its damage does not make it another item.
        let id = if index == self.item { "damaged".to_owned() } else { format!("id{index}") };
        let text = "say \"}],\"cursor\":\"x\",[{\" \\ C:\\ \n,{\"mid\":1}";
        let user = sample::user("nested", text, "b");
        let message = || {
            let mut message = sample::alert(&id, TID, text);
            let poll = json!({ "kind": "poll", "question": text, "options": ["a", "]"], "multiple_choice": true });
            message["attachments"] = json!([poll, { "kind": "location", "name": "x", "lat": 1, "lon": 2.5 }]);
            message["link_preview"] = json!({ "url": "u", "title": text, "domain": "example.org" });
            message["zones"] = json!([[1, 2], { "a": {} }]);
            message
        };
        let item = match self.kind {
            Kind::Batch => json!({ "cursor": format!("after {id}"), "kind": "message", "data": message() }),
            Kind::Messages => message(),
            Kind::Users => sample::user(&id, text, "b"),
            Kind::Groups => {
                let mut group = sample::group(&id, text);
                group["members"] = json!([user, user]);
                group["zones"] = json!([1, [2]]);
                group
            }
            Kind::Chats => {
                let mut chat = sample::chat(&id, text);
                let mut group = sample::group("nested", text);
                group["members"] = json!([user]);
                (chat["users"], chat["admins"], chat["groups"]) = (json!([user, user]), json!([]), json!([group]));
                chat
            }
        };
        item.to_string()
    }

    /// Returns the members that the list has in addition to its items.
    fn cursor(&self) -> (&'static str, &'static str) {
        match (self.kind, self.cursor) {
            (Kind::Batch, Cursor::Before) => ("\"cursor\":\"end\",", ""),
            (Kind::Batch, _) => ("", ",\"cursor\":\"end\""),
            (_, Cursor::Before) => ("\"next_cursor\":\"end\",", ""),
            (_, Cursor::After) => ("", ",\"last_modified\":null,\"next_cursor\":\"end\""),
            (_, Cursor::Missing) => ("", ""),
        }
    }

    fn body(&self) -> Vec<u8> {
        let items = (0..self.count).map(|index| {
            let mut item = self.item(index).into_bytes();
            if index == self.item {
                let place = if self.place > 2000 {
                    (item.len() + 1).saturating_sub(usize::MAX - self.place)
                } else {
                    self.place % (item.len() + 1)
                };
                let end = item.len().min(place + self.removed);
                let _ = item.splice(place..end, self.inserted.iter().copied());
            }
            item
        });
        let (before, after) = self.cursor();
        let items = items.collect::<Vec<_>>().join(&b',');
        [b"{", before.as_bytes(), b"\"items\":[", &items, b"]", after.as_bytes(), b"}"].concat()
    }
}

/// The items that were read of a damaged list.
struct Outcome {
    ids: Vec<String>,
    /// The number of items that will not be requested again.
    passed: usize,
}

fn at(moment: Moment) -> Now {
    Now::new(moment, DateTime::UNIX_EPOCH)
}

pub(crate) fn client() -> Client<Manual> {
    let credentials = Credentials::new("the-app-id", "a secret of the bot").expect("the credentials are valid");
    let config = Config::new("https://teamwire.example", credentials).expect("the URL is valid");
    Client::new(Manual::new(config, [7; 32], at(Moment::EPOCH)))
}

fn reply(body: impl Into<Vec<u8>>) -> Reply {
    let response = http::Response::builder().header("content-type", "application/json");
    Reply::Response(response.body(body.into()).expect("the response is valid"))
}

/// Reads a list whose second page is empty. Returns the output, and the number of requested pages.
pub(crate) fn listed<T>(mut list: impl Flow<Output = T>, body: &[u8]) -> (Result<T, Error>, usize) {
    let mut pages = 0;
    loop {
        match list.poll(at(Moment::EPOCH)) {
            Step::Send(ticket, _) => {
                let page = if pages == 0 { body } else { b"{\"items\":[]}" };
                list.handle(at(Moment::EPOCH), ticket, reply(page));
                pages += 1;
            }
            Step::Done(result) => return (result, pages),
            _ => panic!("expected a request or the output"),
        }
    }
}

/// Returns the result of reading the items of a list other than a batch; `None` for an error.
fn read_list(damaged: &Damaged, body: &[u8]) -> Option<Outcome> {
    let client = client();
    let (ids, pages) = match damaged.kind {
        Kind::Messages => {
            let (result, pages) = listed(client.chats().chat(TID).messages(None), body);
            (result.map(|it| it.messages.iter().map(|it| it.mid.to_string()).collect::<Vec<_>>()), pages)
        }
        Kind::Users => {
            let (result, pages) = listed(client.contacts().users(), body);
            (result.map(|it| it.iter().map(|it| it.uid.to_string()).collect()), pages)
        }
        Kind::Groups => {
            let (result, pages) = listed(client.contacts().groups(), body);
            (result.map(|it| it.iter().map(|it| it.gid.to_string()).collect()), pages)
        }
        Kind::Chats => {
            let (result, pages) = listed(client.chats().list(), body);
            (result.map(|it| it.iter().map(|it| it.tid().to_string()).collect()), pages)
        }
        Kind::Batch => panic!("a batch is not a list"),
    };
    let ids = ids.ok()?;
    let expected_pages = if matches!(damaged.cursor, Cursor::Missing) { 1 } else { 2 };
    assert_eq!(pages, expected_pages, "the cursor of the list");
    Some(Outcome { ids, passed: damaged.count })
}

/// Returns the events that a feed delivers from this batch, and the cursor of its next request, which is its position.
pub(crate) fn delivered(body: &[u8]) -> (Vec<FeedEvent<Message>>, String) {
    let mut feed = client().chats().chat(TID).new_messages(None);
    let (mut now, mut requests, mut events) = (Moment::EPOCH, 0, Vec::new());
    loop {
        match feed.poll(at(now)) {
            Step::Send(ticket, _) if requests < 2 => {
                let bodies: [&[u8]; 2] = [br#"{"items":[],"cursor":"start"}"#, body];
                feed.handle(at(now), ticket, reply(bodies[requests]));
                requests += 1;
            }
            Step::Send(_, exchange) => {
                let url = url::Url::parse(&exchange.request.uri().to_string()).expect("the URL is valid");
                let (_, cursor) = url.query_pairs().find(|(name, _)| name == "cursor").expect("it continues");
                feed.stop(at(now));
                return (events, cursor.into_owned());
            }
            Step::Sleep(until) => now = until,
            Step::Event(event) => events.push(event),
            Step::Done(result) => panic!("the feed ended: {result:?}"),
            Step::File(..) => panic!("expected an event, a request or a timer"),
        }
    }
}

/// Returns the result of a feed that receives this batch.
fn read_batch(damaged: &Damaged, body: &[u8]) -> Outcome {
    let (events, cursor) = delivered(body);
    let ids = events.into_iter().filter_map(FeedEvent::into_item).map(|message| message.mid.to_string()).collect();
    let passed = match &*cursor {
        "start" => 0,
        "end" => damaged.count,
        cursor => cursor
            .strip_prefix("after id")
            .map_or(damaged.item + 1, |index| index.parse::<usize>().expect("the cursor of another item") + 1),
    };
    Outcome { ids, passed }
}

/// Reads a list. Returns `false` for the exception.
fn is_read(damaged: &Damaged) -> bool {
    let body = damaged.body();
    let outcome = match damaged.kind {
        Kind::Batch => Some(read_batch(damaged, &body)),
        _ => read_list(damaged, &body),
    };
    let Some(Outcome { ids, passed }) = outcome else { return false };
    for index in (0..damaged.count).filter(|index| *index != damaged.item) {
        let delivered = ids.iter().filter(|id| **id == format!("id{index}")).count();
        let is_due = delivered == 0 && passed <= index;
        assert!(delivered == 1 || is_due, "{index} {delivered} times: {}", body.escape_ascii());
    }
    // Only the damaged item may have another id.
    assert!(ids.len() <= damaged.count, "{ids:?}: {}", body.escape_ascii());
    passed == damaged.count
}

#[test]
fn damage_of_one_item_affects_only_that_item() {
    let (mut cases, mut exceptions) = (Cell::new(0), Cell::new(0));
    let result = TestRunner::new(teamwire_tests::cases(4000)).run(&damaged(), |damaged| {
        cases.set(cases.get() + 1);
        exceptions.set(exceptions.get() + usize::from(!is_read(&damaged)));
        Ok(())
    });
    result.unwrap_or_else(|error| panic!("{error}"));
    let (cases, exceptions) = (*cases.get_mut(), *exceptions.get_mut());
    assert!(exceptions * 50 < cases, "{exceptions} of {cases} lists look like a body that is cut");
}

/// A body may end anywhere, and its last string may look like the end of a member.
#[test]
fn list_that_is_cut_loses_no_item() {
    for kind in [Kind::Batch, Kind::Messages, Kind::Users, Kind::Groups, Kind::Chats] {
        for cursor in [Cursor::Before, Cursor::After, Cursor::Missing] {
            let (removed, inserted, place) = (0, Vec::new(), 0);
            let whole = Damaged { kind, count: 2, item: 2, place, removed, inserted, cursor };
            let body = whole.body();
            for end in body.len() / 3..body.len() {
                let cut = &body[..end];
                if kind != Kind::Batch {
                    assert!(read_list(&whole, cut).is_none(), "{}", cut.escape_ascii());
                    continue;
                }
                let Outcome { ids, passed } = read_batch(&whole, cut);
                let expected: Vec<_> = (0..passed).map(|index| format!("id{index}")).collect();
                assert_eq!(ids, expected, "{}", cut.escape_ascii());
            }
        }
    }
}

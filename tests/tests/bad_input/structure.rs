//! Lists that are damaged outside of their items: no item and no page is lost in silence.

use teamwire_core::{FeedEvent, Message, script::sample};
use teamwire_tests::operations::TID;

use crate::damage::{BYTES, client, delivered, listed};

/// Returns a text with these bytes in the place of the ones at this position.
fn damaged(text: &str, place: usize, removed: usize, inserted: &[u8]) -> Vec<u8> {
    let text = text.as_bytes();
    [&text[..place], inserted, &text[text.len().min(place + removed)..]].concat()
}

/// All damages of a few bytes outside of letters.
fn damages(text: &str) -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    let is_letter =
        |place: usize| text.as_bytes().get(place).is_some_and(|byte| byte.is_ascii_alphabetic() || *byte == b'_');
    for place in (0..text.len()).filter(|&place| !is_letter(place) || place == 0 || !is_letter(place - 1)) {
        for removed in (0..=1).filter(|&removed| removed == 0 || !is_letter(place)) {
            let inserted = BYTES.iter().map(std::slice::from_ref).chain([&b""[..]]);
            all.extend(inserted.map(|inserted| damaged(text, place, removed, inserted)));
        }
    }
    all
}

/// Returns `true` if the structure is valid: the damage has only changed the name of the member.
fn has_another_name(body: &[u8]) -> bool {
    let text: Vec<_> = body.iter().map(|byte| if byte.is_ascii_graphic() { *byte } else { b'x' }).collect();
    serde_json::from_slice(&text).is_ok_and(|json: serde_json::Value| json.get("next_cursor").is_none())
}

#[test]
fn damaged_next_cursor_does_not_end_a_list() {
    let item = sample::user("u1", "say \"next_cursor\": 1", "next_cursor");
    // Two texts may be items of another list.
    let is_member = |member: &Vec<u8>| member != br#""next_cursor","end""#;
    for member in damages(r#""next_cursor":"end""#).into_iter().filter(is_member) {
        for body in [
            [b"{", &*member, format!(r#","items":[{item}]}}"#).as_bytes()].concat(),
            [format!(r#"{{"items":[{item}],"#).as_bytes(), &member, b"}"].concat(),
            [format!(r#"{{"items":[{item}]}},"#).as_bytes(), &member, b"}"].concat(),
        ] {
            if has_another_name(&body) {
                continue;
            }
            let (users, pages) = listed(client().contacts().users(), &body);
            let has_ended = users.is_ok() && pages == 1;
            assert!(!has_ended, "{}", body.escape_ascii());
        }
    }
}

#[test]
fn list_without_a_cursor_ends_although_it_is_malformed() {
    let item = sample::user("u1", "say \"next_cursor\": 1", "next_cursor");
    for body in [
        format!(r#"{{"items":[{item},{{"uid":"u2],"a":1}}],"next_cursor":null}}"#),
        format!(r#"{{"items":[{item}],"next_cursor":""}} x"#),
        format!(r#"{{"items":[{item}]}}]"#),
    ] {
        let (users, pages) = listed(client().contacts().users(), body.as_bytes());
        assert!(users.is_ok() && pages == 1, "{body}");
    }
}

#[test]
fn item_beside_a_damaged_separator_is_not_lost() {
    let event = |id: &str| format!(r#"{{"cursor":"{id}","kind":"message","data":{}}}"#, sample::message(id, TID, "x"));
    for separator in BYTES.iter().map(std::slice::from_ref).chain([&b""[..], b" ", b" : ", b"::", b",:", b":,"]) {
        let items = [event("m1"), event("m2"), event("m3")];
        let [first, second, third] = items.each_ref().map(String::as_bytes);
        let body = [b"{\"items\":[", first, separator, second, b",", third, b"],\"cursor\":\"m3\"}"].concat();
        let delivered = ids_and_undecoded(&body);
        let found = ["m1", "m2", "m3"].map(|id| delivered.iter().filter(|it| it.contains(id)).count());
        assert_eq!(found, [1; 3], "{delivered:?}: {}", body.escape_ascii());
    }
}

/// Returns the ids of the messages that a feed delivers from this batch, and the JSON of those that are undecoded.
fn ids_and_undecoded(body: &[u8]) -> Vec<String> {
    let text = |event| match event {
        FeedEvent::Undecoded { item, .. } => Some(item.json),
        event => event.into_item().map(|message: Message| message.mid.to_string()),
    };
    delivered(body).0.into_iter().filter_map(text).collect()
}

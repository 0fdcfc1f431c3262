//! Ids and enums as text.

use std::{collections::BTreeMap, fmt::Debug, str::FromStr};

use teamwire_core::{
    AlertType, ReactionType, User,
    model::{ChatType, Coordinates, ThreadId, UserId},
};

#[test]
fn ids_convert_from_and_to_text() {
    let text = String::from("u-anna");
    let id = UserId::from(&text);
    assert_eq!(id, text);
    assert_eq!(Ok(&id), "u-anna".parse().as_ref());
    assert_eq!(String::from(id.clone()), text);
    let duties = BTreeMap::from([(id, "on call")]);
    assert_eq!(duties.get("u-anna"), Some(&"on call"), "ids are found by text");
    assert_eq!(duties.get("u-ben"), None);
    assert_eq!(ThreadId::from_str(""), Ok("".into()), "operations validate ids, conversions do not");
}

#[track_caller]
fn assert_names<T: FromStr<Err: Debug> + ToString + PartialEq + Debug>(
    as_str: fn(&T) -> &str,
    unknown: fn(String) -> T,
    values: &[(T, &str)],
) {
    for (value, name) in values {
        assert_eq!((as_str(value), &*value.to_string()), (*name, *name));
        assert_eq!(&name.parse::<T>().expect("any text is accepted"), value);
    }
    for name in ["", "ALERT", "\u{1b}[31m"] {
        let value: T = name.parse().expect("any text is accepted");
        assert_eq!(as_str(&value), name);
        assert_eq!(value, unknown(name.into()));
    }
    assert_eq!(unknown("\u{1b}[31m".into()).to_string(), "\\u{1b}[31m", "control characters are escaped");
}

#[test]
fn enums_convert_from_and_to_their_names() {
    assert_names(
        AlertType::as_str,
        AlertType::Unknown,
        &[(AlertType::Alert, "alert"), (AlertType::Announcement, "announcement"), (AlertType::Note, "note")],
    );
    assert_names(
        ChatType::as_str,
        ChatType::Unknown,
        &[(ChatType::OneToOne, "one_to_one"), (ChatType::Group, "group")],
    );
    assert_names(
        ReactionType::as_str,
        ReactionType::Unknown,
        &[
            (ReactionType::Ok, "ok"),
            (ReactionType::Sos, "sos"),
            (ReactionType::ThumbsUp, "thumbs_up"),
            (ReactionType::Applause, "applause"),
            (ReactionType::Smile, "smile"),
            (ReactionType::Laugh, "laugh"),
            (ReactionType::Love, "love"),
        ],
    );
}

#[test]
fn users_and_coordinates_are_shown() {
    assert_eq!(User::new("u1", "Anna", "Berg").to_string(), "Anna Berg");
    assert_eq!(User::new("u1", "Anna", "").to_string(), "Anna");
    assert_eq!(User::new("u1", "", "").to_string(), "u1", "the id stands for a missing name");
    assert_eq!(User::new("u1", "\u{202e}Anna", "\n").to_string(), "\\u{202e}Anna");
    let south = Coordinates::new(-33.5, 0.25).expect("it is on earth");
    assert_eq!(south.to_string(), "-33.5, 0.25");
}

//! Lists, including those with malformed items.

use alloc::boxed::Box;

use super::{
    decode_error::DecodeError,
    marker::{self, Marker},
    member::{Member, is_name},
    recovery::Budget,
    scan::{self, Parts},
    value::{Json, trimmed},
};

/// An object with a member `items`.
///
/// If the structure of the body is invalid, its items are separated as follows. After each item, the next value is an
/// item. If its structure is invalid, the next object is searched that looks like an item: it is not the value of a
/// member, its structure is valid, and it has the members of an item. The bytes before it are a malformed item, which
/// loses the members that contain the error, or is undecoded. The list ends at the last `]` after which the body is the
/// valid rest of an object.
///
/// Thus each item with a valid structure is found, whatever the others contain, unless they contain both a bracket that
/// opens before it and one that closes after it. Objects within a malformed item do not look like an item, as the kinds
/// of objects have different essential members.
///
/// If an item lacks the end of a list within it, the end of the body may take its place, and the body is the same as
/// one that is cut. It is treated as cut unless it has the cursor behind the list.
pub(in crate::protocol) enum List<'a> {
    WellFormed(Json<'a>),
    Malformed(Malformed<'a>),
}

/// A list in a body with an invalid structure.
#[derive(Clone, Copy)]
pub(in crate::protocol) struct Malformed<'a> {
    body: &'a [u8],
    /// Start of the first item.
    start: usize,
    /// End of the last item.
    end: usize,
    /// Set if `end` is the end of the list, and not of a body that is cut.
    has_end: bool,
}

/// A part of a list.
#[derive(Clone, Copy, Debug)]
pub(in crate::protocol) enum Item<'a> {
    WellFormed(Json<'a>),
    /// An item with an invalid structure, or several of them.
    Malformed(Json<'a>),
    /// The rest of a body that is cut, or too costly to read.
    Cut,
}

impl<'a> List<'a> {
    /// Reads a body. The list of a malformed body ends where the body has the cursor with this name, if possible.
    pub(in crate::protocol) fn read(body: &'a [u8], cursor: &str) -> Option<Self> {
        let body = trimmed(body)?;
        let end = scan::value_length(body);
        if let Ok(end) = end
            && marker::last_list_end(body, end, body.len()).is_none()
        {
            return Some(Self::WellFormed(Json::well_formed(&body[..end])));
        }
        let start = start(body)?;
        // Without its end, a body may seem to end after a list within an item.
        let is_cut = end.is_err_and(|no_end| no_end.is_cut(body));
        let end = end_of_list(body, start, cursor, is_cut);
        Some(Self::Malformed(Malformed { body, start, end: end.unwrap_or(body.len()), has_end: end.is_some() }))
    }

    /// Returns all bytes.
    pub(in crate::protocol) const fn bytes(&self) -> Json<'a> {
        match self {
            Self::WellFormed(json) => *json,
            Self::Malformed(list) => Json::malformed(list.body),
        }
    }

    /// Returns the members with these names. Those of a malformed list are on both sides of its items.
    pub(in crate::protocol) fn members<const N: usize>(
        &self,
        names: [&'static str; N],
    ) -> Result<[Member<'a>; N], DecodeError> {
        let Malformed { body, start, end, .. } = match self {
            Self::WellFormed(json) => return json.members(names),
            Self::Malformed(list) => *list,
        };
        let part = |bytes| Json::malformed(bytes).members(names);
        let mut members = part(&body[..start])?;
        for (member, last) in members.iter_mut().zip(part(&body[end..])?) {
            if last.value().is_some() {
                *member = last;
            }
        }
        Ok(members)
    }

    /// Returns the items; an error with the value if it is not an array, or `None` if it is missing. `is_item` returns
    /// `true` for an object that looks like an item.
    pub(in crate::protocol) fn items(
        &self,
        is_item: impl Fn(Json<'_>) -> bool + 'a,
    ) -> Result<Box<dyn Iterator<Item = Item<'a>> + 'a>, Option<Json<'a>>> {
        match self {
            Self::WellFormed(json) => {
                let items = json.members(["items"]).ok().and_then(|[items]| items.json().ok()).ok_or(None)?;
                Ok(Box::new(items.items().ok_or(Some(items))?.map(Item::WellFormed)))
            }
            Self::Malformed(list) => Ok(Box::new(list.items(is_item))),
        }
    }
}

/// Returns the offset of the first item.
fn start(body: &[u8]) -> Option<usize> {
    let mut from = 0;
    loop {
        let Marker { at, key, value_at } = Marker::next(body, from)?;
        if is_name(key, "items") && body.get(value_at) == Some(&b'[') {
            return Some(value_at + 1);
        }
        from = at + 1;
    }
}

/// Returns the offset of the bracket that closes the list: the last one with the cursor, if possible.
fn end_of_list(body: &[u8], start: usize, cursor: &str, needs_cursor: bool) -> Option<usize> {
    let (mut budget, mut found, mut end) = (Budget::new(body.len()), None, body.len());
    let last = marker::last_list_end(body, start, end)?;
    let last_marker = Marker::last(body).map_or(0, |marker| marker.at);
    while let Some(at) = marker::last_list_end(body, start, end) {
        end = at;
        let Some(rest) = budget.scan(body, at + 1, scan::object_rest_length) else { continue };
        // The object of another list would end before the body does.
        if rest <= last.max(last_marker) || is_followed_by_comma(&body[rest..]) {
            continue;
        }
        found = found.or(Some(at).filter(|_| !needs_cursor));
        let mut members = Parts::rest_of_object(&body[at + 1..rest]).filter_map(scan::key_value);
        if members.any(|(key, value)| is_name(key, cursor) && value != b"null") {
            return Some(at);
        }
    }
    found
}

/// Returns `true` if a value ends here that is an item or a member of another one.
fn is_followed_by_comma(rest: &[u8]) -> bool {
    // Limited, so that the time for many brackets is linear.
    rest.iter().take(256).find(|byte| !byte.is_ascii_whitespace() && !b"]}".contains(byte)) == Some(&b',')
}

impl<'a> Malformed<'a> {
    fn items(self, is_item: impl Fn(Json<'_>) -> bool + 'a) -> impl Iterator<Item = Item<'a>> {
        let Self { body, start, end, has_end } = self;
        let mut is_cut = !has_end;
        let (mut at, mut budget) = (start, Budget::new(body.len()));
        // The end of an item that has been found already.
        let mut found_end = None;
        let json = |bytes: &'a [u8], is_malformed| Json { bytes: bytes.trim_ascii(), is_malformed };
        core::iter::from_fn(move || {
            at += body[at..end].iter().take_while(|byte| byte.is_ascii_whitespace() || b",]}".contains(byte)).count();
            if at >= end {
                return core::mem::take(&mut is_cut).then_some(Item::Cut);
            }
            if let Some(item_end) = found_end.take().or_else(|| self.item_end(at, &mut budget)) {
                let item = json(&body[at..item_end], false);
                at = item_end;
                return Some(Item::WellFormed(item));
            }
            let (malformed_at, mut from) = (at, at + 1);
            at = end;
            while let Some(next) = marker::next_object(body, from, end) {
                let item_end = self.item_end(next, &mut budget);
                if let Some(item_end) = item_end.filter(|item_end| is_item(json(&body[next..*item_end], false))) {
                    (at, found_end) = (next, Some(item_end));
                    break;
                }
                from = next + 1;
            }
            if at == end && (is_cut || budget.is_exhausted()) {
                is_cut = false;
                return Some(Item::Cut);
            }
            let malformed = body[malformed_at..at].trim_ascii_end();
            Some(Item::Malformed(json(malformed.strip_suffix(b",").unwrap_or(malformed), true)))
        })
    }

    /// Returns the end of an item, which is not an array in any list of the contract. It is not behind the end of the
    /// list, nor at the end of the body: the value would contain the end of the list.
    fn item_end(&self, at: usize, budget: &mut Budget) -> Option<usize> {
        if self.body[at] == b'[' {
            return None;
        }
        let end = budget.value_end(self.body, at).filter(|end| *end <= self.end)?;
        let next = budget.skip(self.body, end, b"");
        let is_followed = match self.body.get(next)? {
            b',' | b']' => true,
            // There may be a bracket too many.
            _ => self.body[at] == b'{' && budget.is_end_of_part(self.body, next),
        };
        is_followed.then_some(end)
    }
}

#[cfg(test)]
mod tests {
    use alloc::{
        format,
        string::{String, ToString},
        vec::Vec,
    };

    use super::*;

    /// Returns the items, with `!` before malformed ones.
    fn items(body: &str) -> Vec<String> {
        let list = List::read(body.as_bytes(), "cursor").expect("the body is a list");
        let is_item = |json: Json<'_>| json.members(["id"]).is_ok_and(|[id]| id.value().is_some());
        let items = list.items(is_item).unwrap_or_else(|_| panic!("no array in {body}"));
        let text = |json: Json<'_>| String::from_utf8_lossy(json.bytes()).into_owned();
        let items = items.map(|item| match item {
            Item::WellFormed(json) => text(json),
            Item::Malformed(json) => format!("!{}", text(json)),
            Item::Cut => "cut".to_string(),
        });
        items.collect()
    }

    fn cursor(body: &str) -> Option<String> {
        let list = List::read(body.as_bytes(), "cursor").expect("the body is a list");
        let [cursor] = list.members(["cursor"]).expect("the body is an object");
        cursor.optional()
    }

    const MALFORMED: [&str; 21] = [
        r#"{"id":2,"a":{"b":1}"#,
        r#"{"id":2,"a":[{"b":1}"#,
        r#"{"id":2,"a":[{"b":1},{"b":2}"#,
        r#"{"id":2,"a":[{"b":1}}"#,
        r#"{"id":2,"a":"5" tape"}"#,
        r#"{"id":2,"a":"C:\"}"#,
        r#"{"id":2,"a":"C:\","b":1}"#,
        r#"{"id":2,"a":"abc,"b":[1]}"#,
        r#"{"id":2,"a":"abc}"#,
        r#"{"id":2,"a":abc"}"#,
        r#"{"id":2,"a":"x "}]{[" y"}"#,
        r#"{"id":2"#,
        r#"{"id":2,"a":1}]},"b":2}"#,
        r#"{"id":2,"a":"#,
        r#"{"id"2}"#,
        r#"{"id:2}"#,
        r#""id":2}"#,
        r#"id":2}"#,
        r#"{"id":2 "a":1}"#,
        "{",
        "[",
    ];

    #[test]
    fn a_malformed_item_affects_only_itself() {
        let (first, last) = (r#"{"id":1,"a":[{"b":"],[{"}]}"#, r#"{"id":3,"a":"\"},{"}"#);
        for malformed in MALFORMED {
            for list in [[first, malformed, last], [malformed, first, last], [first, last, malformed]] {
                let list = list.join(",");
                for (head, tail) in [
                    ("{\"items\":[", "],\"cursor\":\"9\"}"),
                    ("{\"cursor\":\"9\",\"items\" : [ ", " ] } \n"),
                    ("{\"x\":[1],\"items\":[", "],\"x\":[{}],\"cursor\":\"9\",\"y\":[]}"),
                ] {
                    let body = format!("{head}{list}{tail}");
                    let items = items(&body);
                    for item in [first, last] {
                        assert_eq!(items.iter().filter(|it| *it == item).count(), 1, "{body}: {items:?}");
                    }
                    // Without a list that is not closed, the body is the same as one that is cut.
                    let may_be_cut = malformed.starts_with("{\"id\":2,\"a\":[")
                        && malformed.ends_with('}')
                        && !tail.contains("cursor");
                    assert!(may_be_cut || items.iter().all(|item| item != "cut"), "{body}: {items:?}");
                    assert_eq!(cursor(&body).as_deref(), Some("9"), "{body}");
                }
            }
        }
    }

    #[test]
    fn malformed_items_are_kept() {
        assert_eq!(
            items(r#"{"items":[{"id":1},{"id":2,{"id":3},{]}"#),
            [r#"{"id":1}"#, r#"!{"id":2"#, r#"{"id":3}"#, "!{"]
        );
        assert_eq!(items(r#"{"items":[x y:z,{"id":1}}],1 ]}"#), ["!x y:z", r#"{"id":1}"#, "1"]);
        assert_eq!(items(r#"{"items":[{"x":1},{"id":2]},{"x":3},{"id":4}]}"#).len(), 3, "the third is not separable");
        assert_eq!(items(r#"{"items":[NaN,{"id":01},"\q",,]}"#), ["NaN", r#"{"id":01}"#, r#""\q""#]);
    }

    #[test]
    fn a_list_without_its_end_is_cut() {
        for (body, expected) in [
            (r#"{"cursor":"9","items":["#, &["cut"][..]),
            (r#"{"cursor":"9","items":[{"id":1},"#, &[r#"{"id":1}"#, "cut"]),
            (r#"{"cursor":"9","items":[{"id":1}"#, &["cut"]),
            (r#"{"cursor":"9","items":[{"id":1},{"id":2,"a":[1],"b":1}"#, &[r#"{"id":1}"#, "cut"]),
            (r#"{"cursor":"9","items":[{"id":1},{"id":2}]"#, &[r#"{"id":1}"#, r#"{"id":2}"#, "cut"]),
            (r#"{"cursor":"9","items":[{"id":1},{"id":"2]}],"x"#, &[r#"{"id":1}"#, "cut"]),
            // The rest would be an object, but it ends before the body does.
            (
                r#"{"items":[{"id":1,"a":[1],"cursor":"1"},{"id":2},{"id":3"#,
                &[r#"{"id":1,"a":[1],"cursor":"1"}"#, r#"{"id":2}"#, "cut"],
            ),
        ] {
            assert_eq!(items(body), expected, "{body}");
        }
    }

    #[test]
    fn a_value_behind_the_list_is_not_an_item() {
        assert_eq!(items(r#"{"items":[{"id":1}],"cursor":"9"}} {"id":2}"#), [r#"{"id":1}"#]);
        assert_eq!(cursor(r#"{"items":[{"id":1}],"cursor":"9"} rubbish"#).as_deref(), Some("9"));
        assert!(List::read(b"[1]", "cursor").is_some_and(|list| list.items(|_| true).is_err()));
        assert!(List::read(br#"{"x":1 2:"#, "cursor").is_none());
    }

    #[test]
    fn nested_items_without_ends_exhaust_the_budget() {
        let body = format!(r#"{{"items":[{}{{"id":1}}]}}"#, r#"{"a":["#.repeat(10_000));
        assert!(items(&body) == ["cut"], "the budget is not exhausted");
    }
}

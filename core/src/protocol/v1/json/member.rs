use alloc::{string::String, vec::Vec};

use super::{
    bounded_vec::BoundedVec,
    decode::Decode,
    decode_error::DecodeError,
    input::{Input, Place},
    recovery::Members,
    scan::{Parts, key_value},
    value::Json,
};

/// A member of an object, which may be missing.
#[derive(Clone, Copy, Debug)]
pub(in crate::protocol) struct Member<'a> {
    name: &'static str,
    json: Option<Json<'a>>,
}

impl<'a> Member<'a> {
    pub(in crate::protocol) const fn missing(name: &'static str) -> Self {
        Self { name, json: None }
    }

    /// Sets the value, unless it is `null` and there is one already.
    pub(in crate::protocol) fn set(&mut self, value: Json<'a>) {
        if self.json.is_none() || !value.is_null() {
            self.json = Some(value);
        }
    }

    /// Returns the value; `None` if it is missing or `null`.
    pub(in crate::protocol) fn value(self) -> Option<Json<'a>> {
        self.json.filter(|json| !json.is_null())
    }

    /// Returns the value, which may be `null`; an error if it is missing.
    pub(in crate::protocol) fn json(self) -> Result<Json<'a>, DecodeError> {
        self.json.ok_or(DecodeError::missing(self.name))
    }

    /// Decodes an essential member.
    pub(in crate::protocol) fn required<T: Decode>(self) -> Result<T, DecodeError> {
        T::decode(self.json()?).map_err(|error| error.at(self.name))
    }

    /// Decodes a list whose items are all essential.
    pub(in crate::protocol) fn required_items<T: Decode>(self) -> Result<Vec<T>, DecodeError> {
        let json = self.json()?;
        let mut list = BoundedVec::nested(json.bytes.len());
        for item in json.items().ok_or(DecodeError::new("expected an array").at(self.name))? {
            if list.is_full() {
                return Err(DecodeError::new("too many items").at(self.name));
            }
            list.push(T::decode(item).map_err(|error| error.at(self.name))?, item.bytes.len());
        }
        Ok(list.into_vec())
    }

    /// Decodes an extra.
    pub(in crate::protocol) fn optional<T: Decode>(self) -> Option<T> {
        self.value().and_then(|json| T::decode(json).ok())
    }

    /// Decodes a list of extras.
    pub(in crate::protocol) fn optional_items<T: Decode>(self) -> Vec<T> {
        let Some(json) = self.value() else { return Vec::new() };
        let mut list = BoundedVec::nested(json.bytes.len());
        for item in json.items().into_iter().flatten() {
            if list.is_full() {
                break;
            }
            if let Ok(decoded) = T::decode(item) {
                list.push(decoded, item.bytes.len());
            }
        }
        list.into_vec()
    }
}

impl<'a> Json<'a> {
    /// Returns the members with these names.
    pub(in crate::protocol) fn members<const N: usize>(
        self,
        names: [&'static str; N],
    ) -> Result<[Member<'a>; N], DecodeError> {
        let mut members = names.map(Member::missing);
        self.fill(&mut members)?;
        Ok(members)
    }

    /// Sets the members that this object has.
    pub(super) fn fill(self, members: &mut [Member<'a>]) -> Result<(), DecodeError> {
        // Servers write the members of an object in the same order each time.
        let mut expected = 0;
        let mut add = |key: &'a [u8], value| {
            let (first, last) = (0..expected, expected..members.len());
            let Some(index) = last.chain(first).find(|index| is_name(key, members[*index].name)) else { return };
            expected = index + 1;
            members[index].set(value);
        };
        if self.is_malformed && !self.bytes.starts_with(b"[") {
            Members::new(self.bytes).for_each(|(key, value)| add(key, value));
        } else {
            let parts = Parts::new(self.bytes, b'{').ok_or(DecodeError::new("expected an object"))?;
            parts.filter_map(key_value).for_each(|(key, value)| add(key, Self::well_formed(value)));
        }
        Ok(())
    }
}

impl<'a> Input<'a> {
    /// Reads a body that is an object with these members, of which the first is a list. `item` reads an item. The
    /// member of the list itself is returned as missing.
    pub(in crate::protocol) fn list<const N: usize>(
        body: &'a [u8],
        names: [&'static str; N],
        item: impl FnMut(&mut Self) -> Option<()>,
    ) -> Option<[Member<'a>; N]> {
        let (mut input, mut members) = (Self::new(body)?, names.map(Member::missing));
        let (mut place, mut item) = (Place::default(), Some(item));
        loop {
            match input.member(&names, &mut place)? {
                0 => input.items(item.take()?)?,
                index if index < N => members[index].set(input.json()?),
                _ => break,
            }
        }
        (item.is_none() && input.is_at_end()).then_some(members)
    }
}

/// Returns `true` if a quoted key equals this name.
pub(super) fn is_name(key: &[u8], name: &str) -> bool {
    let content = &key[1..key.len() - 1];
    content == name.as_bytes()
        || content.contains(&b'\\') && serde_json::from_slice::<String>(key).is_ok_and(|key| key == name)
}

//! Objects, by the names of their members.

/// Implements [`Decode`](super::Decode) for an object. The members are variables of the expression that creates it:
///
/// - `required`: the value. The object is undecoded if it is missing or malformed.
/// - `optional`: the value, or `None` if it is missing, `null` or malformed.
/// - `extras`: the list, without the items that are malformed; empty if it is missing, `null` or malformed.
/// - `with(f)`: what `f` returns for the [`Member`](super::Member).
macro_rules! object {
    ($(#[$attribute:meta])* $type:ty {
        $(const MEMORY: usize = $memory:expr;)?
        $($name:literal => $member:ident: $kind:ident $(($with:expr))?,)*
    } $create:expr) => {
        $(#[$attribute])*
        impl $crate::protocol::v1::json::Decode for $type {
            $(const MEMORY: usize = $memory;)?

            fn decode(
                json: $crate::protocol::v1::json::Json<'_>,
            ) -> Result<Self, $crate::protocol::v1::json::DecodeError> {
                let [$($member),*] = json.members([$($name),*])?;
                $(let $member = object!(@decode $kind $member $($with)?);)*
                $create
            }

            fn read(input: &mut $crate::protocol::v1::json::Input<'_>) -> Option<Self> {
                $(let mut $member = object!(@start $kind $name);)*
                let mut place = $crate::protocol::v1::json::Place::default();
                loop {
                    let index = input.member(&[$($name),*], &mut place)?;
                    let this = 0;
                    $(
                        if index == this {
                            object!(@read $kind $member input);
                            continue;
                        }
                        let this = this + 1;
                    )*
                    debug_assert_eq!(index, this, "it is the end of the object");
                    break;
                }
                $(let $member = object!(@end $kind $member $($with)?);)*
                let create = || -> Result<Self, $crate::protocol::v1::json::DecodeError> { $create };
                create().ok()
            }
        }
    };
    (@decode required $member:ident) => { $member.required()? };
    (@decode optional $member:ident) => { $member.optional() };
    (@decode extras $member:ident) => { $member.optional_items() };
    (@decode with $member:ident $with:expr) => { $with($member) };
    (@start with $name:literal) => { $crate::protocol::v1::json::Member::missing($name) };
    (@start extras $name:literal) => { alloc::vec::Vec::new() };
    (@start $kind:ident $name:literal) => { None };
    (@read required $member:ident $input:ident) => {
        $member = Some($crate::protocol::v1::json::Decode::read($input)?)
    };
    (@read optional $member:ident $input:ident) => {
        if !$input.skip_null() {
            $member = Some($crate::protocol::v1::json::Decode::read($input)?);
        }
    };
    (@read extras $member:ident $input:ident) => {
        if !$input.skip_null() {
            $member = $input.extras()?;
        }
    };
    (@read with $member:ident $input:ident) => { $member.set($input.json()?) };
    (@end required $member:ident) => { $member? };
    (@end optional $member:ident) => { $member };
    (@end extras $member:ident) => { $member };
    (@end with $member:ident $with:expr) => { $with($member) };
}
pub(in crate::protocol) use object;

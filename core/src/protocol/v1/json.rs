//! A tolerant JSON decoder for responses: malformed members and items are left out, and do not fail the object or list
//! that contains them.
//!
//! A value of the usual form is [read](Decode::read) in one pass: see [`Input`]. Any other value is
//! [decoded](Decode::decode): it is split by its brackets, commas and strings alone, and serde only parses single
//! strings, numbers and flags. A list of the usual form may have both kinds of items. A value of the usual form would
//! be decoded to the same result, and [`object!`] defines both at once, so these rules apply to all values:
//!
//! - **Essential** members identify an object: ids, times, coordinates, sizes, the type of a reaction. They are parsed
//!   strictly, and an object with a missing or malformed one is undecoded. A time in milliseconds is an integer: a
//!   fraction, an exponent or a string is malformed.
//! - All others are **extras**. One that is missing, `null`, of another type or malformed gets its default: an empty
//!   string, `None`, or the usual flag. Such an item of a list of extras is left out.
//! - In a string that is an extra, U+FFFD replaces invalid UTF-8, lone surrogates, and the backslash of an unknown
//!   escape. Control characters are kept.
//! - Of several members with the same name, the last one counts that is not `null`.
//! - A byte order mark before the document, anything after it, and empty places between commas are ignored.
//! - If the structure is invalid, by a bracket, a quote, a colon or a comma, the item of a list that contains the error
//!   is undecoded, and the others are decoded: see [`List`]. A single object loses the members that contain the error.
//!   A body that is cut is an error.
//!
//! The time is linear: a value is scanned once for each of the few objects and lists around it that are decoded, and an
//! invalid structure with a [`Budget`](recovery::Budget). Only decoded values are copied.

mod bounded_vec;
mod decode;
mod decode_error;
mod input;
mod list;
mod marker;
mod member;
mod object;
mod recovery;
mod scan;
mod text;
mod value;
mod write;

pub(super) use self::{
    bounded_vec::BoundedVec,
    decode::{Decode, Exact},
    decode_error::DecodeError,
    input::{Input, Place},
    list::{Item, List},
    member::Member,
    object::object,
    scan::has_control,
    value::Json,
    write::object_with_text,
};

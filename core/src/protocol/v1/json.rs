//! A tolerant JSON decoder for responses: malformed members and items are left out, and do not fail the object or list
//! that contains them.
//!
//! A document is split by its brackets, commas and strings alone; serde only parses single strings, numbers and flags.
//! The same code reads valid and malformed documents, and of a valid one it reads what a strict parser would:
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
//! The time is linear: each level of nesting of a valid structure is scanned once, and an invalid one with a
//! [`Budget`](recovery::Budget). Only decoded values are copied.

mod bounded_vec;
mod brackets;
mod decode;
mod decode_error;
mod list;
mod marker;
mod member;
mod recovery;
mod scan;
mod text;
mod value;

pub(super) use self::{
    bounded_vec::BoundedVec,
    decode::{Decode, Exact},
    decode_error::DecodeError,
    list::{Item, List, Scanned},
    member::Member,
    value::Json,
};

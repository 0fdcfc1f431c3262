//! The form in which values of the model are saved: see [`model`](super#saving).

mod attachment;
pub(super) mod base64;
pub(super) mod key;
pub(super) mod millis;
mod version;

pub(crate) use self::version::Version;

/// Returns the default of a flag that is usually set.
pub(super) const fn yes() -> bool {
    true
}

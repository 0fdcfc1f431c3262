//! Members that cost themselves only, where they are not as the contract has them.

use alloc::boxed::Box;

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, Error},
};
use serde_json::value::RawValue;

/// A value, or its default in place of `null`.
pub(super) fn nullable<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(json: D) -> Result<T, D::Error> {
    Ok(Option::deserialize(json)?.unwrap_or_default())
}

/// A value, or `None` in place of whatever else there is.
pub(super) fn optional<'de, D: Deserializer<'de>, T: DeserializeOwned>(json: D) -> Result<Option<T>, D::Error> {
    let raw = Box::<RawValue>::deserialize(json).map_err(D::Error::custom)?;
    Ok(serde_json::from_str(raw.get()).unwrap_or(None))
}

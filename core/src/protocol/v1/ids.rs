//! Lists of ids in requests.

use alloc::{collections::BTreeSet, format, vec::Vec};

use super::endpoints::checked;
use crate::{error::Error, model::Id};

/// Maximum number of ids in a list.
pub(super) const MAX_IDS: usize = 1000;

/// Validates ids and removes duplicates.
pub(super) fn ids<I: Id>(ids: &[I]) -> Result<Vec<&str>, Error> {
    let mut seen = BTreeSet::new();
    let names = ids.iter().map(checked).filter(|name| name.as_ref().map_or(true, |name| seen.insert(*name)));
    let names = names.collect::<Result<Vec<_>, _>>()?;
    if names.len() > MAX_IDS {
        let reason = format!("must be at most {MAX_IDS} ids of one kind, not {}", names.len());
        return Err(Error::invalid("members", reason));
    }
    Ok(names)
}

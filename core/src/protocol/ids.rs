//! Lists of ids in requests.

use alloc::{collections::BTreeSet, format, vec::Vec};

use crate::{error::Error, model::Id};

/// The most ids a list of them can have.
const MOST_IDS: usize = 1000;

/// Ids as the wire has them, each once.
pub(super) fn ids<I: Id>(ids: &[I]) -> Result<Vec<&str>, Error> {
    let mut seen = BTreeSet::new();
    let names = ids.iter().map(Id::check).filter(|name| name.as_ref().map_or(true, |name| seen.insert(*name)));
    let names = names.collect::<Result<Vec<_>, _>>()?;
    if names.len() > MOST_IDS {
        let why = format!("{} ids of one kind at once; at most {MOST_IDS} are allowed", names.len());
        return Err(Error::invalid("members", why));
    }
    Ok(names)
}

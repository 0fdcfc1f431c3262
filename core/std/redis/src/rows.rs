//! The results of scripts.

use teamwire_core::{
    Checkpoint,
    claim::{Claim, ClaimRequest, Claimed, StoreError, View},
};

/// Returns the members in the row of a renewal.
pub(crate) fn view(row: Vec<String>) -> Option<View> {
    let mut row = row.into_iter();
    let joined = row.next()?.parse().ok()?;
    Some(View { members: row.collect(), joined })
}

/// Returns the claim in a row, or `None` if it is not one.
pub(crate) fn claimed(row: Vec<Option<String>>, wanted: &[ClaimRequest]) -> Option<Result<Claimed, StoreError>> {
    let [index, state, id, member, fence, tries, seq, checkpoint]: [_; 8] = row.try_into().ok()?;
    let feed = &wanted.get(index?.parse::<usize>().ok()?)?.feed;
    let claim = Claim { feed: feed.clone(), id: id?, fence: fence?.parse().ok()? };
    let (by, tries, seq) = (member?, tries?.parse().ok()?, seq?.parse().ok()?);
    let checkpoint = match checkpoint.map(|json| decode(feed, &json)).transpose() {
        Ok(checkpoint) => checkpoint,
        Err(error) => return Some(Err(error)),
    };
    match &*state? {
        "held" => Some(Ok(Claimed::Held { claim, checkpoint, seq, tries })),
        "taken" => Some(Ok(Claimed::Taken { claim, by, checkpoint })),
        _ => None,
    }
}

fn decode(feed: &str, json: &str) -> Result<Checkpoint, StoreError> {
    serde_json::from_str(json)
        .map_err(|error| StoreError::unusable(format!("the saved checkpoint of {feed} is damaged")).with_source(error))
}

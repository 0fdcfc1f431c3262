//! The rule by which the members of a fleet share feeds.

/// The share of a member.
///
/// All members know the same list of members, so each computes its own share, and the shares add up to all feeds:
///
/// ```text
///   feeds, sorted   0 1 2 3 │ 4 5 6 │ 7 8 9
///   member            oldest   next   youngest
/// ```
///
/// The order says only where a member looks first: it keeps the feeds that it has. So a change of the members moves as
/// few feeds as possible, and members that look for feeds at the same time try different ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Share {
    /// Number of feeds that the member claims.
    pub(super) quota: usize,
    /// Number of feeds above which it releases some if a member has joined. It may be one more than the quota.
    pub(super) most: usize,
    /// Place of the first feed that it tries.
    pub(super) start: usize,
}

impl Share {
    /// Returns the share of the member with this rank, from zero.
    pub(super) const fn new(feeds: usize, members: usize, rank: usize) -> Self {
        let members = if members == 0 { 1 } else { members };
        let rank = if rank < members { rank } else { members - 1 };
        let (floor, rest) = (feeds / members, feeds % members);
        let earlier = if rank < rest { rank } else { rest };
        Self { quota: floor + (rank < rest) as usize, most: feeds.div_ceil(members), start: rank * floor + earlier }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_are_adjacent_and_add_up_to_all_feeds() {
        for feeds in 0..40 {
            for members in 1..12 {
                let mut end = 0;
                for rank in 0..members {
                    let share = Share::new(feeds, members, rank);
                    assert_eq!(share.start, end, "{feeds} feeds, {members} members, rank {rank}");
                    assert!(share.quota <= share.most && share.most <= share.quota + 1);
                    end += share.quota;
                }
                assert_eq!(end, feeds);
            }
        }
    }

    #[test]
    fn member_that_is_not_listed_counts_as_the_youngest() {
        assert_eq!(Share::new(10, 0, 0), Share { quota: 10, most: 10, start: 0 });
        assert_eq!(Share::new(10, 3, 9), Share::new(10, 3, 2));
    }
}

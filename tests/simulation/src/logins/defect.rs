/// A deliberate defect of a run of this scenario.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LoginDefect {
    /// No defect.
    #[default]
    None,
    /// A dropped operation does not release its turn to log in.
    TurnKept,
    /// Requests have the first token of the session, although it was renewed.
    TokenNotRenewed,
}

impl LoginDefect {
    /// All defects.
    pub const ALL: &[Self] = &[Self::TurnKept, Self::TokenNotRenewed];
}

//! Reasons why credentials are not accepted, for developers. A bot is not to learn them.

use http::HeaderMap;

use super::{handle::credentials, state::World};

/// The reason why credentials are not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CredentialsProblem {
    /// None, or not those of HTTP Basic.
    Missing,
    UnknownAppId,
    WrongSecret,
    Revoked,
}

impl World {
    /// Returns the reason why the credentials of a request are not accepted; `None` if they are.
    pub(crate) fn credentials_problem(&self, headers: &HeaderMap) -> Option<CredentialsProblem> {
        let Some((app_id, secret)) = credentials(headers) else { return Some(CredentialsProblem::Missing) };
        let mut bots = self.bots.iter().filter(|bot| bot.key.app_id == app_id).peekable();
        if bots.peek().is_none() {
            return Some(CredentialsProblem::UnknownAppId);
        }
        match bots.find(|bot| bot.key.secret == secret) {
            None => Some(CredentialsProblem::WrongSecret),
            Some(bot) => bot.revoked.then_some(CredentialsProblem::Revoked),
        }
    }
}

/// Returns the App ID in the credentials of a request, whether or not they are valid.
pub(crate) fn app_id_of(headers: &HeaderMap) -> Option<String> {
    credentials(headers).map(|(app_id, _)| app_id)
}

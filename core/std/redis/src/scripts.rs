//! The scripts that the server executes.

use redis::{Cmd, Script, cmd};

const SHARED: &str = include_str!("scripts/shared.lua");

/// A script in a file of the folder `scripts`.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ServerScript(&'static str);

pub(crate) const RENEW: ServerScript = ServerScript(include_str!("scripts/renew.lua"));
pub(crate) const CLAIM: ServerScript = ServerScript(include_str!("scripts/claim.lua"));
pub(crate) const SAVE: ServerScript = ServerScript(include_str!("scripts/save.lua"));
pub(crate) const RELEASE: ServerScript = ServerScript(include_str!("scripts/release.lua"));
pub(crate) const LEAVE: ServerScript = ServerScript(include_str!("scripts/leave.lua"));

impl ServerScript {
    pub(crate) fn call(self) -> Call {
        Call { code: [SHARED, self.0].concat(), keys: Vec::new(), args: Vec::new() }
    }
}

/// A call of a script.
pub(crate) struct Call {
    code: String,
    keys: Vec<String>,
    args: Vec<String>,
}

impl Call {
    pub(crate) fn key(mut self, key: String) -> Self {
        self.keys.push(key);
        self
    }

    pub(crate) fn arg(mut self, arg: impl Into<String>) -> Self {
        self.args.push(arg.into());
        self
    }

    /// Returns the command for a server that knows the script, as it keeps those that it has executed.
    pub(crate) fn by_hash(&self) -> Cmd {
        self.command("EVALSHA", Script::new(&self.code).get_hash())
    }

    /// Returns the command for any server.
    pub(crate) fn by_code(&self) -> Cmd {
        self.command("EVAL", &self.code)
    }

    fn command(&self, name: &str, script: &str) -> Cmd {
        let mut command = cmd(name);
        command.arg(script).arg(self.keys.len()).arg(&self.keys).arg(&self.args);
        command
    }
}

//! Command-line arguments.

use std::{
    net::{IpAddr, Ipv4Addr, SocketAddr},
    path::PathBuf,
    str::FromStr,
};

pub(crate) const USAGE: &str = "\
Usage: teamwire-sandbox [--port PORT] [--bind ADDRESS] [--seed SEED] [--variables FORM]
                        [--data FOLDER] [--page-port PORT] [--page-bind ADDRESS] [--page-host NAME]

  --port PORT       port to listen on; by default 7843, or a free port if it is in use; 0 selects a free port
  --bind ADDRESS    address to listen on instead of 127.0.0.1; other machines may then reach it
  --seed SEED       use fixed ids and the key of this seed, for reproducible runs
  --data FOLDER     keep the world in this folder across restarts, instead of in memory
  --variables FORM  print the variables of a bot for sh (default), powershell, or env (a .env file)
  --page-port PORT  port of the page and the control API; by default 7844, or a free port if it is in use
  --page-bind ADDRESS
                    address of the page instead of 127.0.0.1; other machines may then control the sandbox
  --page-host NAME  further name of this machine in the address of the page; may be repeated
  --help            show this help";

/// The port that is used by default.
pub(crate) const DEFAULT_PORT: u16 = 7843;

/// The port of the page that is used by default.
pub(crate) const DEFAULT_PAGE_PORT: u16 = 7844;

/// The parsed command line.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Command {
    Serve(Options),
    Help,
}

#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Options {
    /// `None` for the default port.
    pub(crate) port: Option<u16>,
    pub(crate) bind: Option<IpAddr>,
    pub(crate) seed: Option<u64>,
    pub(crate) data: Option<PathBuf>,
    pub(crate) variables: Variables,
    /// `None` for the default port.
    pub(crate) page_port: Option<u16>,
    pub(crate) page_bind: Option<IpAddr>,
    pub(crate) page_hosts: Vec<String>,
}

/// The form in which the variables of a bot are printed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Variables {
    #[cfg_attr(not(windows), default)]
    Sh,
    #[cfg_attr(windows, default)]
    PowerShell,
    /// A `.env` file.
    Env,
}

impl FromStr for Variables {
    type Err = ();

    fn from_str(form: &str) -> Result<Self, ()> {
        match form {
            "sh" => Ok(Self::Sh),
            "powershell" => Ok(Self::PowerShell),
            "env" => Ok(Self::Env),
            _ => Err(()),
        }
    }
}

impl Options {
    pub(crate) fn address(&self, port: u16) -> SocketAddr {
        SocketAddr::new(self.bind.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST)), port)
    }

    pub(crate) fn page_address(&self, port: u16) -> SocketAddr {
        SocketAddr::new(self.page_bind.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST)), port)
    }
}

/// Parses arguments of the form `--name value` or `--name=value`.
pub(crate) fn parse(arguments: impl Iterator<Item = String>) -> Result<Command, String> {
    let mut options = Options::default();
    let mut arguments = arguments;
    while let Some(argument) = arguments.next() {
        let (name, value) = match argument.split_once('=') {
            Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
            None => (argument, None),
        };
        let mut value = || value.clone().or_else(|| arguments.next()).ok_or(format!("{name} needs a value"));
        match name.as_str() {
            "--help" | "-h" => return Ok(Command::Help),
            "--port" => options.port = Some(parse_value(&name, &value()?)?),
            "--bind" => options.bind = Some(parse_value(&name, &value()?)?),
            "--seed" => options.seed = Some(parse_value(&name, &value()?)?),
            "--data" => options.data = Some(parse_value(&name, &value()?)?),
            "--page-port" => options.page_port = Some(parse_value(&name, &value()?)?),
            "--page-bind" => options.page_bind = Some(parse_value(&name, &value()?)?),
            "--page-host" => options.page_hosts.push(parse_value(&name, &value()?)?),
            "--variables" => options.variables = parse_value(&name, &value()?)?,
            _ => return Err(format!("unknown argument {name:?}")),
        }
    }
    Ok(Command::Serve(options))
}

fn parse_value<T: FromStr>(name: &str, value: &str) -> Result<T, String> {
    value.parse().map_err(|_| format!("invalid value {value:?} for {name}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse_all(arguments: &[&str]) -> Result<Command, String> {
        parse(arguments.iter().map(|&it| it.to_owned()))
    }

    #[test]
    fn both_argument_forms_are_accepted() {
        let variables = Variables::Env;
        let page_hosts = vec!["one.test".to_owned(), "two.test:80".to_owned()];
        let page = Options { page_port: Some(8081), page_bind: "::".parse().ok(), page_hosts, ..Options::default() };
        let data = Some("night".into());
        let expected = Options { port: Some(8080), bind: "::1".parse().ok(), seed: Some(7), data, variables, ..page };
        let mut arguments = vec!["--port", "8080", "--bind=::1", "--seed", "7", "--variables=env", "--page-port=8081"];
        arguments.extend(["--page-bind", "::", "--page-host", "one.test", "--page-host=two.test:80"]);
        arguments.extend(["--data", "night"]);
        assert_eq!(parse_all(&arguments), Ok(Command::Serve(expected)));
        assert_eq!(parse_all(&[]), Ok(Command::Serve(Options::default())));
        assert_eq!(parse_all(&["-h"]), Ok(Command::Help));
    }

    #[test]
    fn errors_name_the_argument() {
        assert!(parse_all(&["--prot", "8080"]).is_err_and(|error| error.contains("--prot")));
        assert!(parse_all(&["--port", "many"]).is_err_and(|error| error.contains("many")));
        assert!(parse_all(&["--port"]).is_err_and(|error| error.contains("--port")));
        assert!(parse_all(&["--variables", "fish"]).is_err_and(|error| error.contains("fish")));
    }

    #[test]
    fn usage_names_the_default_port() {
        assert!(USAGE.contains(&format!("by default {DEFAULT_PORT},")));
        assert!(USAGE.contains(&format!("by default {DEFAULT_PAGE_PORT},")));
    }
}

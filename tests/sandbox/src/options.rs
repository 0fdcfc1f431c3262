//! What the command line asks for.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

pub(crate) const USAGE: &str = "\
Usage: teamwire-sandbox [--port PORT] [--bind ADDRESS] [--seed SEED]

  --port PORT      listen on this port; any free one by default
  --bind ADDRESS   listen on this address instead of 127.0.0.1; others may then reach it
  --seed SEED      make the same ids and the same key in each run
  --help           show this";

/// What the command line asks for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    Serve(Options),
    Help,
}

#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Options {
    pub(crate) port: u16,
    pub(crate) bind: Option<IpAddr>,
    pub(crate) seed: Option<u64>,
}

impl Options {
    pub(crate) fn address(&self) -> SocketAddr {
        SocketAddr::new(self.bind.unwrap_or(IpAddr::V4(Ipv4Addr::LOCALHOST)), self.port)
    }
}

/// Reads the arguments: `--name value` or `--name=value`.
pub(crate) fn parse(arguments: impl Iterator<Item = String>) -> Result<Asked, String> {
    let mut options = Options::default();
    let mut arguments = arguments;
    while let Some(argument) = arguments.next() {
        let (name, value) = match argument.split_once('=') {
            Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
            None => (argument, None),
        };
        let mut value = || value.clone().or_else(|| arguments.next()).ok_or(format!("{name} needs a value"));
        match name.as_str() {
            "--help" | "-h" => return Ok(Asked::Help),
            "--port" => options.port = number(&name, &value()?)?,
            "--bind" => options.bind = Some(number(&name, &value()?)?),
            "--seed" => options.seed = Some(number(&name, &value()?)?),
            _ => return Err(format!("unknown argument {name:?}")),
        }
    }
    Ok(Asked::Serve(options))
}

fn number<T: std::str::FromStr>(name: &str, value: &str) -> Result<T, String> {
    value.parse().map_err(|_| format!("{name} cannot be {value:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(arguments: &[&str]) -> Result<Asked, String> {
        parse(arguments.iter().map(|&it| it.to_owned()))
    }

    #[test]
    fn both_ways_to_give_a_value_are_understood() {
        let expected = Options { port: 8080, bind: "::1".parse().ok(), seed: Some(7) };
        assert_eq!(asked(&["--port", "8080", "--bind=::1", "--seed", "7"]), Ok(Asked::Serve(expected)));
        assert_eq!(asked(&[]), Ok(Asked::Serve(Options::default())));
        assert_eq!(asked(&["-h"]), Ok(Asked::Help));
    }

    #[test]
    fn what_is_not_understood_is_named() {
        assert!(asked(&["--prot", "8080"]).is_err_and(|problem| problem.contains("--prot")));
        assert!(asked(&["--port", "many"]).is_err_and(|problem| problem.contains("many")));
        assert!(asked(&["--port"]).is_err_and(|problem| problem.contains("--port")));
    }
}

//! Command-line arguments.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};

pub(crate) const USAGE: &str = "\
Usage: teamwire-sandbox [--port PORT] [--bind ADDRESS] [--seed SEED]

  --port PORT      port to listen on; a free port by default
  --bind ADDRESS   address to listen on instead of 127.0.0.1; other machines may then reach it
  --seed SEED      use fixed ids and a fixed key, for reproducible runs
  --help           show this help";

/// The parsed command line.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Command {
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
            "--port" => options.port = parse_value(&name, &value()?)?,
            "--bind" => options.bind = Some(parse_value(&name, &value()?)?),
            "--seed" => options.seed = Some(parse_value(&name, &value()?)?),
            _ => return Err(format!("unknown argument {name:?}")),
        }
    }
    Ok(Command::Serve(options))
}

fn parse_value<T: std::str::FromStr>(name: &str, value: &str) -> Result<T, String> {
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
        let expected = Options { port: 8080, bind: "::1".parse().ok(), seed: Some(7) };
        assert_eq!(parse_all(&["--port", "8080", "--bind=::1", "--seed", "7"]), Ok(Command::Serve(expected)));
        assert_eq!(parse_all(&[]), Ok(Command::Serve(Options::default())));
        assert_eq!(parse_all(&["-h"]), Ok(Command::Help));
    }

    #[test]
    fn errors_name_the_argument() {
        assert!(parse_all(&["--prot", "8080"]).is_err_and(|error| error.contains("--prot")));
        assert!(parse_all(&["--port", "many"]).is_err_and(|error| error.contains("many")));
        assert!(parse_all(&["--port"]).is_err_and(|error| error.contains("--port")));
    }
}

//! The forward proxies, each with one user and a password.

use std::{
    fs::{self, Permissions},
    io::{Read, Write},
    net::{Ipv4Addr, TcpStream},
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
    sync::atomic::{AtomicU64, Ordering},
    thread,
    time::{Duration, Instant},
};

use url::Url;

use crate::{
    Failure,
    haproxy::count_lines,
    process::{Process, free_port},
    template,
};

/// A forward proxy that Debian packages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Brand {
    Squid,
    Tinyproxy,
}

const USER: &str = "bot";
/// Maximum time until a request is logged.
const LOG_TIMEOUT: Duration = Duration::from_secs(5);
const POLL_INTERVAL: Duration = Duration::from_millis(20);

impl Brand {
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Squid => "squid",
            Self::Tinyproxy => "tinyproxy",
        }
    }

    /// The right password. It has characters that a URL has to escape, if the proxy supports them.
    const fn password(self) -> &'static str {
        match self {
            Self::Squid => "gr@y:h/rse%41 1",
            Self::Tinyproxy => "gray-horse-1",
        }
    }
}

/// A running forward proxy.
#[derive(Debug)]
pub(crate) struct ForwardProxy {
    brand: Brand,
    port: u16,
    log: PathBuf,
    _process: Process,
}

impl ForwardProxy {
    /// Starts a proxy with its files in a new folder.
    pub(crate) fn start(brand: Brand, folder: &Path) -> Result<Self, Failure> {
        let port = free_port()?;
        let folder = folder.join(format!("{}-{port}", brand.name()));
        fs::create_dir(&folder)?;
        // squid drops its privileges before it opens its files.
        fs::set_permissions(&folder, Permissions::from_mode(0o777))?;
        let place = folder.to_str().ok_or("the temporary folder's name is not Unicode")?;
        let config = folder.join("config");
        let values = [("PORT", &*port.to_string()), ("FOLDER", place), ("USER", USER), ("PASSWORD", brand.password())];
        let (template, mut command) = match brand {
            Brand::Squid => {
                fs::write(folder.join("passwords"), format!("{USER}:{}\n", hash_password(brand.password())?))?;
                let mut command = Command::new("squid");
                command.args(["-N", "-f"]).arg(&config);
                (include_str!("../squid.conf.in"), command)
            }
            Brand::Tinyproxy => {
                let mut command = Command::new("tinyproxy");
                command.args(["-d", "-c"]).arg(&config);
                (include_str!("../tinyproxy.conf.in"), command)
            }
        };
        fs::write(&config, template::fill(template, &values)?)?;
        let process = Process::start(&mut command, &folder.join("output.log"), port)?;
        Ok(Self { brand, port, log: folder.join("access.log"), _process: process })
    }

    /// Returns its URL with the right password, or with a wrong one.
    pub(crate) fn url(&self, is_right: bool) -> Result<String, Failure> {
        let mut url = Url::parse(&format!("http://127.0.0.1:{}", self.port))?;
        // The only special character that `Url` does not escape.
        let password = if is_right { self.brand.password() } else { WRONG_PASSWORD }.replace('%', "%25");
        let set = url.set_username(USER).and_then(|()| url.set_password(Some(&password)));
        set.map_err(|()| "the URL cannot have a password")?;
        Ok(url.into())
    }

    /// Counts the requests rejected for their password so far. tinyproxy does not log rejections, so all its requests
    /// are counted, which is the same as long as no password is right.
    pub(crate) fn refused_logins(&self) -> Result<usize, Failure> {
        match self.brand {
            Brand::Squid => {
                self.flush_log()?;
                Ok(count_lines(&self.log, &["TCP_DENIED/407"])?
                    - count_lines(&self.log, &["TCP_DENIED/407", MARK_HOST])?)
            }
            Brand::Tinyproxy => count_lines(&self.log, &["Request (file descriptor"]),
        }
    }

    /// Counts the requests so far with this method.
    pub(crate) fn requests(&self, method: &str) -> Result<usize, Failure> {
        match self.brand {
            Brand::Squid => {
                self.flush_log()?;
                Ok(count_lines(&self.log, &[&format!(" {method} ")])?
                    - count_lines(&self.log, &[&format!(" {method} "), MARK_HOST])?)
            }
            Brand::Tinyproxy => count_lines(&self.log, &["Request (file descriptor", &format!(": {method} ")]),
        }
    }

    /// Waits until it has logged a request with this method. Returns false if it has not by the deadline.
    pub(crate) fn has_seen(&self, method: &str, deadline: Instant) -> Result<bool, Failure> {
        while self.requests(method)? == 0 {
            if Instant::now() > deadline {
                return Ok(false);
            }
            thread::sleep(POLL_INTERVAL);
        }
        Ok(true)
    }

    /// Waits until all requests so far are logged. squid logs a request when it has ended, so this sends another
    /// request, without a password, and waits for its line.
    fn flush_log(&self) -> Result<(), Failure> {
        static NUMBER: AtomicU64 = AtomicU64::new(0);
        let mark = format!("http://{MARK_HOST}/{}/", NUMBER.fetch_add(1, Ordering::Relaxed));
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port))?;
        stream.set_read_timeout(Some(LOG_TIMEOUT))?;
        let request = format!("GET {mark} HTTP/1.1\r\nHost: {MARK_HOST}\r\nConnection: close\r\n\r\n");
        stream.write_all(request.as_bytes())?;
        stream.read_to_end(&mut Vec::new())?;
        let started = Instant::now();
        while count_lines(&self.log, &[&mark])? == 0 {
            if started.elapsed() > LOG_TIMEOUT {
                return Err("squid has not logged a request in time".into());
            }
            thread::sleep(POLL_INTERVAL);
        }
        Ok(())
    }
}

/// A password that every proxy rejects. Errors must not contain it.
pub(crate) const WRONG_PASSWORD: &str = "wrong-password-5150";

/// The host of the requests that mark a position in the log.
const MARK_HOST: &str = "mark.invalid";

/// Returns the hash of a password in the format of squid's helper.
fn hash_password(password: &str) -> Result<String, Failure> {
    let output = Command::new("openssl").args(["passwd", "-apr1", password]).output()?;
    if !output.status.success() {
        return Err(format!("openssl passwd: {}", String::from_utf8_lossy(&output.stderr)).into());
    }
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}

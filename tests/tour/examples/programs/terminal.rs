use std::{
    env,
    error::Error,
    fs,
    io::{BufRead, BufReader, Write},
    net::TcpListener,
    path::PathBuf,
    process::{self, Child, Command, Stdio},
    sync::mpsc::{Receiver, RecvTimeoutError, channel},
    thread,
};

use teamwire_sandbox::Sandbox;

use crate::MAX_WAIT;

pub(crate) type Outcome<T = ()> = Result<T, Box<dyn Error>>;

/// The variables of a bot of the sandbox.
pub(crate) fn variables(sandbox: &Sandbox) -> Vec<(&'static str, String)> {
    let names = ["TEAMWIRE_URL", "TEAMWIRE_APP_ID", "TEAMWIRE_SECRET"];
    names.into_iter().filter_map(|name| Some((name, sandbox.var(name)?))).collect()
}

/// Returns the URL of a port that is closed.
pub(crate) fn unreachable_url() -> Outcome<String> {
    Ok(format!("http://{}", TcpListener::bind("127.0.0.1:0")?.local_addr()?))
}

/// A program that is running. It is killed when this is dropped.
pub(crate) struct Program {
    child: Child,
    output: Receiver<String>,
}

impl Program {
    /// Starts an example, in this folder, with these arguments and variables. Of variables with the same name, the last
    /// counts.
    pub(crate) fn start(
        name: &str,
        arguments: &[&str],
        variables: &[(&str, String)],
        folder: &Folder,
    ) -> Outcome<Self> {
        let mut path = env::current_exe()?;
        path.set_file_name(name);
        path.set_extension(env::consts::EXE_EXTENSION);
        let mut child = Command::new(&path)
            .args(arguments)
            .envs(variables.iter().map(|(name, value)| (name, value)))
            .current_dir(&folder.0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("{}: {error}", path.display()))?;
        let stdout = child.stdout.take().ok_or("no output")?;
        let (sender, output) = channel();
        thread::spawn(move || {
            BufReader::new(stdout).lines().map_while(Result::ok).try_for_each(|line| sender.send(line))
        });
        Ok(Self { child, output })
    }

    /// Waits for a line that contains this text, and returns it.
    pub(crate) fn line(&self, text: &str) -> Outcome<String> {
        loop {
            let line = self.output.recv_timeout(MAX_WAIT).map_err(|_| format!("it did not print {text:?}"))?;
            if line.contains(text) {
                return Ok(line);
            }
        }
    }

    /// Writes the whole input.
    pub(crate) fn input(&mut self, text: &str) -> Outcome {
        self.child.stdin.take().ok_or("the input is closed")?.write_all(text.as_bytes())?;
        Ok(())
    }

    /// Sends the signal of Ctrl-C.
    pub(crate) fn interrupt(&self) -> Outcome {
        self.signal("INT")
    }

    /// Sends the signal by which services are stopped.
    pub(crate) fn terminate(&self) -> Outcome {
        self.signal("TERM")
    }

    fn signal(&self, name: &str) -> Outcome {
        let status = Command::new("kill").args([&format!("-{name}"), &self.child.id().to_string()]).status()?;
        status.success().then_some(()).ok_or_else(|| format!("{name} cannot be sent").into())
    }

    /// Waits for the end of the output, and for the exit code, which must be this.
    pub(crate) fn ends_with(mut self, code: i32) -> Outcome {
        drop(self.child.stdin.take());
        let ended = loop {
            match self.output.recv_timeout(MAX_WAIT) {
                Ok(_) => {}
                Err(error) => break error,
            }
        };
        if ended == RecvTimeoutError::Timeout {
            return Err("it did not end".into());
        }
        // The output ends shortly before the process.
        let status = self.child.wait()?;
        if status.code() == Some(code) { Ok(()) } else { Err(format!("{status}, not {code}").into()) }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A temporary folder.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new(name: &str) -> Outcome<Self> {
        let path = env::temp_dir().join(format!("teamwire-{name}-{}", process::id()));
        fs::create_dir_all(&path)?;
        Ok(Self(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

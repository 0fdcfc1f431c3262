//! The client process, which transfers files.

use std::{
    env, fmt, fs,
    time::{Duration, Instant},
};

use teamwire_benchmarks::clock::process_cpu_time;
use teamwire_core::{
    Client, Config, Draft, Message,
    executor::Executor,
    model::{Attachment, Upload},
};
use teamwire_sandbox::org;
use teamwire_tests::harness::{AsyncStd, Blocking, Harness};

use crate::{Result, bare, raw_sockets::RawSockets};

/// The stack that transfers files.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stack {
    Ureq,
    Blocking,
    Socket,
    AsyncStd,
    RawSockets,
}

impl Stack {
    pub(crate) const ALL: [Self; 5] = [Self::Ureq, Self::Blocking, Self::Socket, Self::AsyncStd, Self::RawSockets];

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Ureq => "bare ureq",
            Self::Blocking => "blocking",
            Self::Socket => "bare async-std",
            Self::AsyncStd => "async-std",
            Self::RawSockets => "sockets by hand",
        }
    }

    pub(crate) fn from_name(name: &str) -> Result<Self> {
        Self::ALL.into_iter().find(|stack| stack.name() == name).ok_or_else(|| format!("unknown stack: {name}").into())
    }

    /// Returns the bare stack that it is compared with.
    pub(crate) const fn bare(self) -> Self {
        match self {
            Self::Ureq | Self::Blocking => Self::Ureq,
            Self::Socket | Self::AsyncStd => Self::Socket,
            Self::RawSockets => Self::RawSockets,
        }
    }
}

/// The measurements of one upload and download.
#[derive(Clone, Copy)]
pub(crate) struct Report {
    pub(crate) upload: Cost,
    pub(crate) download: Cost,
    /// Peak resident memory.
    pub(crate) peak_kib: u32,
}

/// The cost of a transfer.
#[derive(Clone, Copy)]
pub(crate) struct Cost {
    pub(crate) time: Duration,
    /// User and system time.
    pub(crate) cpu: Duration,
}

impl Report {
    /// Returns the better time of each, and the higher memory.
    pub(crate) fn merge(self, other: Self) -> Self {
        Self {
            upload: self.upload.merge(other.upload),
            download: self.download.merge(other.download),
            peak_kib: self.peak_kib.max(other.peak_kib),
        }
    }

    pub(crate) fn parse(text: &str) -> Result<Self> {
        let numbers: Vec<u64> = text.split_whitespace().map(str::parse).collect::<std::result::Result<_, _>>()?;
        let [upload, upload_cpu, download, download_cpu, peak] = numbers[..] else {
            return Err(format!("invalid report: {text}").into());
        };
        let cost = |time, cpu| Cost { time: Duration::from_micros(time), cpu: Duration::from_micros(cpu) };
        Ok(Self {
            upload: cost(upload, upload_cpu),
            download: cost(download, download_cpu),
            peak_kib: u32::try_from(peak)?,
        })
    }
}

impl Cost {
    fn merge(self, other: Self) -> Self {
        Self { time: self.time.min(other.time), cpu: self.cpu.min(other.cpu) }
    }

    /// Measures a transfer.
    fn measure<T>(transfer: impl FnOnce() -> Result<T>) -> Result<(Self, T)> {
        let (started, cpu) = (Instant::now(), process_cpu_time());
        let result = transfer()?;
        Ok((Self { time: started.elapsed(), cpu: process_cpu_time().saturating_sub(cpu) }, result))
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for Cost { time, cpu } in [self.upload, self.download] {
            write!(f, "{} {} ", time.as_micros(), cpu.as_micros())?;
        }
        write!(f, "{}", self.peak_kib)
    }
}

/// Uploads a file and returns its id; downloads a file by this id.
pub(crate) trait Transfer {
    fn upload(&self, from: &str) -> Result<String>;
    fn download(&self, asset: &str, to: &str) -> Result<()>;
}

/// Uploads a file, and downloads it again.
pub(crate) fn run(stack: Stack, from: &str, to: &str) -> Result<Report> {
    match stack {
        Stack::Ureq => measure(&bare::Ureq::new()?, from, to),
        Stack::Blocking => measure(&Adapter::<Blocking>::new()?, from, to),
        Stack::Socket => measure(&bare::Socket::new()?, from, to),
        Stack::AsyncStd => measure(&Adapter::<AsyncStd>::new()?, from, to),
        Stack::RawSockets => measure(&RawSockets::new()?, from, to),
    }
}

/// Measures an upload and a download, after those of a file of a few bytes: another benchmark measures the first
/// request of a program.
fn measure(stack: &impl Transfer, from: &str, to: &str) -> Result<Report> {
    let small = format!("{to}.small");
    fs::write(&small, "small")?;
    stack.download(&stack.upload(&small)?, &small)?;
    fs::remove_file(&small)?;
    let (upload, asset) = Cost::measure(|| stack.upload(from))?;
    let (download, ()) = Cost::measure(|| stack.download(&asset, to))?;
    Ok(Report { upload, download, peak_kib: peak_kib()? })
}

/// An adapter of the SDK.
struct Adapter<H: Harness>(Client<H::X>);

impl<H: Harness> Adapter<H> {
    fn new() -> Result<Self> {
        Ok(Self(H::connect(Config::from_vars(|name| env::var(name).ok())?)))
    }

    fn wait<'a, T: Send + 'a>(run: <H::X as Executor>::Run<'a, T>) -> Result<T>
    where
        H::X: 'a,
    {
        Ok(H::wait(run)?)
    }

    fn messages(&self) -> Result<Vec<Message>> {
        Ok(Self::wait(self.0.chats().chat(org::LOBBY).messages(None))?.messages)
    }
}

impl<H: Harness> Transfer for Adapter<H> {
    fn upload(&self, from: &str) -> Result<String> {
        let draft = Draft::new().attach(Upload::from_path(from));
        Ok(Self::wait(self.0.chats().chat(org::LOBBY).post(draft))?.mid.to_string())
    }

    fn download(&self, mid: &str, to: &str) -> Result<()> {
        let messages = self.messages()?;
        let message =
            messages.iter().find(|message| message.mid.as_str() == mid).ok_or("the message does not exist")?;
        let [Attachment::File(asset)] = message.attachments.as_slice() else {
            return Err("the message has no file".into());
        };
        Self::wait(self.0.chats().download_to(asset, to))
    }
}

fn peak_kib() -> Result<u32> {
    let status = fs::read_to_string("/proc/self/status")?;
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).ok_or("/proc/self/status has no VmHWM")?;
    Ok(peak.trim().trim_end_matches(" kB").parse()?)
}

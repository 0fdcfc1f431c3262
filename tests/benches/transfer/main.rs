//! Uploads and downloads files of several sizes with each adapter, with its bare HTTP stack, and with sockets and files
//! of the operating system by hand.
//!
//! Each transfer runs in a separate process, to measure its memory; the sandbox runs in this process. Downloads are
//! compared with uploads. The stacks take turns, so that they share the variations of the machine's speed, and the best
//! measurement of each is printed.
//!
//! ```text
//! cargo bench -p teamwire-tests --bench transfer
//! ```

#![allow(clippy::print_stdout, reason = "the benchmark prints a table")]

mod bare;
mod client;
mod raw_sockets;

use std::{
    env,
    error::Error,
    fs::{self, File},
    io::{self, BufReader, BufWriter, Read, Write},
    path::{Path, PathBuf},
    process::Command,
};

use teamwire_benchmarks::table::Table;
use teamwire_sandbox::Sandbox;

use client::{Cost, Report, Stack};

/// The sizes in MiB, up to the largest file that the contract allows, and the number of rounds of each.
const SIZES: [(u64, usize); 4] = [(1, 15), (8, 11), (64, 9), (256, 5)];

type Result<T> = std::result::Result<T, Box<dyn Error>>;

fn main() -> Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    if let [command, stack, from, to] = arguments.as_slice()
        && command == "client"
    {
        println!("{}", client::run(Stack::from_name(stack)?, from, to)?);
        return Ok(());
    }
    let folder = env::temp_dir().join(format!("teamwire-transfer-{}", std::process::id()));
    fs::create_dir_all(&folder)?;
    let measured = measure(&folder);
    fs::remove_dir_all(&folder)?;
    print(&measured?);
    Ok(())
}

/// The best measurement of a stack with a file of this size.
struct Row {
    stack: Stack,
    mib: u64,
    best: Report,
}

fn measure(folder: &Path) -> Result<Vec<Row>> {
    let mut rows = Vec::new();
    for (mib, rounds) in SIZES {
        let file = folder.join("file");
        create_file(&file, mib << 20)?;
        let mut best: Vec<Option<Report>> = vec![None; Stack::ALL.len()];
        for _ in 0..rounds {
            for (best, stack) in best.iter_mut().zip(Stack::ALL) {
                let report = transfer(stack, &file, &folder.join("saved"))?;
                *best = Some(best.map_or(report, |best| best.merge(report)));
            }
        }
        let measured = Stack::ALL.into_iter().zip(best);
        rows.extend(measured.filter_map(|(stack, best)| Some(Row { stack, mib, best: best? })));
    }
    Ok(rows)
}

/// Uploads and downloads a file in a separate process.
fn transfer(stack: Stack, file: &PathBuf, saved: &PathBuf) -> Result<Report> {
    let sandbox = Sandbox::start()?;
    let output = Command::new(env::current_exe()?)
        .args(["client", stack.name()])
        .args([file, saved])
        .env("TEAMWIRE_URL", sandbox.url())
        .env("TEAMWIRE_APP_ID", sandbox.app_id())
        .env("TEAMWIRE_SECRET", sandbox.secret())
        .output()?;
    if !output.status.success() {
        return Err(format!("{}: {}", stack.name(), String::from_utf8_lossy(&output.stderr)).into());
    }
    if !are_equal(file, saved)? {
        return Err(format!("{}: the downloaded file differs", stack.name()).into());
    }
    fs::remove_file(saved)?;
    Report::parse(&String::from_utf8(output.stdout)?)
}

/// Creates a file of this length without repetitions.
fn create_file(path: &Path, length: u64) -> io::Result<()> {
    let mut file = BufWriter::new(File::create(path)?);
    for number in 0..length / 8 {
        file.write_all(&number.wrapping_mul(0x9E37_79B9_7F4A_7C15).to_le_bytes())?;
    }
    file.flush()
}

fn are_equal(first: &Path, second: &Path) -> io::Result<bool> {
    let (mut first, mut second) = (BufReader::new(File::open(first)?), BufReader::new(File::open(second)?));
    let (mut left, mut right) = ([0; 8192], [0; 8192]);
    loop {
        let read = first.read(&mut left)?;
        if read == 0 {
            return Ok(second.read(&mut right)? == 0);
        }
        if second.read_exact(&mut right[..read]).is_err() || left[..read] != right[..read] {
            return Ok(false);
        }
    }
}

fn print(rows: &[Row]) {
    let mut table = Table::new([
        "stack",
        "MiB",
        "upload: MiB/s",
        "to its bare stack",
        "upload: CPU, µs/MiB",
        "to sockets by hand",
        "download: MiB/s",
        "to its bare stack",
        "download: CPU, µs/MiB",
        "to sockets by hand",
        "peak memory, MiB",
    ]);
    for Row { stack, mib, best } in rows {
        let bare = rows.iter().find(|row| row.stack == stack.bare() && row.mib == *mib);
        let raw_sockets = rows.iter().find(|row| row.stack == Stack::RawSockets && row.mib == *mib);
        let size = f64::from(u32::try_from(*mib).unwrap_or(u32::MAX));
        let mut row = vec![stack.name().to_owned(), mib.to_string()];
        let directions: [fn(&Report) -> Cost; 2] = [|report| report.upload, |report| report.download];
        for transfer in directions {
            let Cost { time, cpu } = transfer(best);
            let (speed, per_mib) = (size / time.as_secs_f64(), cpu.as_secs_f64() / size * 1e6);
            let speed_ratio = bare.filter(|bare| bare.stack != *stack).map_or(String::new(), |bare| {
                format!("{:.2}", transfer(&bare.best).time.as_secs_f64() / time.as_secs_f64())
            });
            let cpu_ratio = raw_sockets.map_or(String::new(), |raw_sockets| {
                format!("{:.2}", cpu.as_secs_f64() / transfer(&raw_sockets.best).cpu.as_secs_f64())
            });
            row.extend([format!("{speed:.0}"), speed_ratio, format!("{per_mib:.0}"), cpu_ratio]);
        }
        row.push(format!("{:.1}", f64::from(best.peak_kib) / 1024.0));
        table.push(row);
    }
    println!("{table}");
}

//! The threads that the runtime of async-std needs, in a process of their own.

#![cfg(target_os = "linux")]

use std::{fs, thread};

use teamwire_async_std::{AsyncStdRuntime, Runtime};

#[test]
fn blocking_work_does_not_start_the_executor_of_async_std() {
    let (name, addresses) = smol::block_on(async {
        let name = AsyncStdRuntime.unblock(|| thread::current().name().map(str::to_owned)).await;
        (name, AsyncStdRuntime.resolve("localhost", 80).await)
    });
    assert_ne!(name, thread::current().name().map(str::to_owned), "the work has a thread of its own");
    assert!(addresses.is_ok_and(|addresses| !addresses.is_empty()));
    let tasks = fs::read_dir("/proc/self/task").expect("Linux has it");
    let names = tasks.filter_map(|task| fs::read_to_string(task.ok()?.path().join("comm")).ok());
    let names: Vec<_> = names.collect();
    assert!(!names.iter().any(|name| name.starts_with("async-std")), "{names:?}");
}

//! The trait of asynchronous runtimes, and its implementation for async-std.

#[cfg(feature = "async-std")]
mod async_std;
mod traits;

#[cfg(feature = "async-std")]
pub use self::async_std::AsyncStdRuntime;
pub use self::traits::Runtime;

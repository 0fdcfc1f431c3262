//! The trait of asynchronous runtimes, and its implementations for async-std and smol.

#[cfg(feature = "async-std")]
mod async_std;
#[cfg(any(feature = "async-std", feature = "smol"))]
mod blocking_work;
#[cfg(feature = "smol")]
mod smol;
mod traits;

#[cfg(feature = "async-std")]
pub use self::async_std::AsyncStdRuntime;
#[cfg(feature = "smol")]
pub use self::smol::Smol;
pub use self::traits::Runtime;

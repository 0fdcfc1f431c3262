//! The core's names for this executor: on async-std, unless another runtime is named.

#[cfg(feature = "async-std")]
pub use self::with_async_std::*;
#[cfg(not(feature = "async-std"))]
pub use self::without_default_runtime::*;

#[cfg(feature = "async-std")]
mod with_async_std {
    use crate::{executor::AsyncExecutor, runtime::AsyncStdRuntime};

    /// Performs requests on async-std.
    pub type AsyncStd = AsyncExecutor<AsyncStdRuntime>;
    /// A bot's connection to its backend. Clones are the same connection; each may be in a task of its own.
    pub type Client<R = AsyncStdRuntime> = teamwire_core::Client<AsyncExecutor<R>>;
    /// The chats of the bot.
    pub type Chats<R = AsyncStdRuntime> = teamwire_core::Chats<AsyncExecutor<R>>;
    /// A chat, as it was when it was fetched, and what can be done in it.
    pub type Chat<R = AsyncStdRuntime> = teamwire_core::Chat<AsyncExecutor<R>>;
    /// A chat known by its thread id alone: everything that needs no more than that.
    pub type ChatRef<R = AsyncStdRuntime> = teamwire_core::ChatRef<AsyncExecutor<R>>;
    /// The users and groups that the bot can see.
    pub type Contacts<R = AsyncStdRuntime> = teamwire_core::Contacts<AsyncExecutor<R>>;
}

/// Without a runtime to fall back on.
#[cfg(not(feature = "async-std"))]
mod without_default_runtime {
    use crate::executor::AsyncExecutor;

    /// A bot's connection to its backend. Clones are the same connection; each may be in a task of its own.
    pub type Client<R> = teamwire_core::Client<AsyncExecutor<R>>;
    /// The chats of the bot.
    pub type Chats<R> = teamwire_core::Chats<AsyncExecutor<R>>;
    /// A chat, as it was when it was fetched, and what can be done in it.
    pub type Chat<R> = teamwire_core::Chat<AsyncExecutor<R>>;
    /// A chat known by its thread id alone: everything that needs no more than that.
    pub type ChatRef<R> = teamwire_core::ChatRef<AsyncExecutor<R>>;
    /// The users and groups that the bot can see.
    pub type Contacts<R> = teamwire_core::Contacts<AsyncExecutor<R>>;
}

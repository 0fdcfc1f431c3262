//! The core's types for this executor: on async-std, unless another runtime is given.

#[cfg(feature = "async-std")]
pub use self::with_async_std::*;
#[cfg(not(feature = "async-std"))]
pub use self::without_default_runtime::*;

#[cfg(feature = "async-std")]
mod with_async_std {
    use crate::{executor::AsyncExecutor, runtime::AsyncStdRuntime};

    /// The executor on async-std.
    pub type AsyncStd = AsyncExecutor<AsyncStdRuntime>;
    /// The entry point: a bot at its backend. Clones share its connections, and can be used in other tasks.
    pub type Client<R = AsyncStdRuntime> = teamwire_core::Client<AsyncExecutor<R>>;
    /// Operations on the bot's chats.
    pub type Chats<R = AsyncStdRuntime> = teamwire_core::Chats<AsyncExecutor<R>>;
    /// A snapshot of a chat, with all operations on it.
    pub type Chat<R = AsyncStdRuntime> = teamwire_core::Chat<AsyncExecutor<R>>;
    /// A chat known by its id, with the operations that need only that.
    pub type ChatRef<R = AsyncStdRuntime> = teamwire_core::ChatRef<AsyncExecutor<R>>;
    /// Operations on the users and groups that the bot can see.
    pub type Contacts<R = AsyncStdRuntime> = teamwire_core::Contacts<AsyncExecutor<R>>;
}

/// Without a default runtime.
#[cfg(not(feature = "async-std"))]
mod without_default_runtime {
    use crate::executor::AsyncExecutor;

    /// The entry point: a bot at its backend. Clones share its connections, and can be used in other tasks.
    pub type Client<R> = teamwire_core::Client<AsyncExecutor<R>>;
    /// Operations on the bot's chats.
    pub type Chats<R> = teamwire_core::Chats<AsyncExecutor<R>>;
    /// A snapshot of a chat, with all operations on it.
    pub type Chat<R> = teamwire_core::Chat<AsyncExecutor<R>>;
    /// A chat known by its id, with the operations that need only that.
    pub type ChatRef<R> = teamwire_core::ChatRef<AsyncExecutor<R>>;
    /// Operations on the users and groups that the bot can see.
    pub type Contacts<R> = teamwire_core::Contacts<AsyncExecutor<R>>;
}

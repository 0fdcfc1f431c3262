//! The stores of the replicas, with their faults.

use std::{
    fs, io,
    os::unix::fs::symlink,
    path::{Path, PathBuf},
};

use teamwire_test_support::{Folder, RedisServer};

use super::relay::{Network, Relay};

/// A store, and the connection of each replica to it.
pub(super) enum Store {
    /// A folder, to which each replica has a symbolic link.
    Files { folder: Folder },
    /// A server, to which each replica has a relay.
    Redis { server: RedisServer, relays: Vec<Relay> },
}

impl Store {
    pub(super) fn files(replicas: usize) -> Self {
        let store = Self::Files { folder: Folder::new() };
        fs::create_dir(store.data()).expect("it is new");
        for replica in 0..replicas {
            store.set_network(replica, Network::Works);
        }
        store
    }

    /// Returns `None` if no server is installed.
    pub(super) fn redis(replicas: usize) -> Option<Self> {
        let server = RedisServer::start(&["--appendonly", "yes", "--appendfsync", "always"])?;
        let relays = (0..replicas).map(|_| Relay::start(server.socket())).collect();
        Some(Self::Redis { server, relays })
    }

    pub(super) const fn is_redis(&self) -> bool {
        matches!(self, Self::Redis { .. })
    }

    /// Returns the setting of a replica.
    pub(super) fn url(&self, replica: usize) -> String {
        match self {
            Self::Files { folder } => folder.path(&format!("of-{replica}")),
            Self::Redis { relays, .. } => relays[replica].url(),
        }
    }

    /// Sets the state of the connection of a replica.
    pub(super) fn set_network(&self, replica: usize, network: Network) {
        match self {
            Self::Files { .. } if network == Network::Works => {
                symlink(self.data(), self.url(replica)).expect("the link is missing");
            }
            Self::Files { .. } => fs::remove_file(self.url(replica)).expect("the link is there"),
            Self::Redis { relays, .. } => relays[replica].set(network),
        }
    }

    /// Makes the store unavailable to all replicas, or available again.
    pub(super) fn set_available(&mut self, is_available: bool) {
        match self {
            Self::Files { .. } if is_available => fs::rename(self.backup("away"), self.data()),
            Self::Files { .. } => fs::rename(self.data(), self.backup("away")),
            Self::Redis { server, .. } => {
                server.signal(if is_available { "CONT" } else { "STOP" });
                Ok(())
            }
        }
        .expect("it can be renamed");
    }

    /// Kills the server and starts it again.
    pub(super) fn restart(&mut self) {
        if let Self::Redis { server, .. } = self {
            server.kill();
            server.launch();
        }
    }

    /// Copies the data, as asynchronous replication does.
    pub(super) fn replicate(&self) {
        let (data, backup) = (self.data(), self.backup("backup"));
        let _ = fs::remove_dir_all(&backup);
        copy(&data, &backup).expect("there is room");
    }

    /// Replaces the data by the copy, as a failover does.
    pub(super) fn fail_over(&mut self) {
        let (data, backup, old) = (self.data(), self.backup("backup"), self.backup("old"));
        if let Self::Redis { server, .. } = self {
            server.kill();
        }
        let replaced = fs::rename(&data, &old).and_then(|()| fs::rename(&backup, &data));
        replaced.and_then(|()| fs::remove_dir_all(old)).expect("they can be renamed");
        if let Self::Redis { server, .. } = self {
            server.launch();
        }
    }

    /// The folder with the data.
    fn data(&self) -> PathBuf {
        match self {
            Self::Files { folder } => PathBuf::from(folder.path("data")),
            Self::Redis { server, .. } => server.folder().join("appendonlydir"),
        }
    }

    /// A folder beside that with the data.
    fn backup(&self, name: &str) -> PathBuf {
        self.data().with_file_name(name)
    }
}

/// Copies a folder that is being changed. A file that is replaced meanwhile is copied in its new version.
fn copy(from: &Path, to: &Path) -> io::Result<()> {
    fs::create_dir_all(to)?;
    loop {
        match copy_entries(from, to) {
            Err(error) if error.kind() == io::ErrorKind::NotFound && from.exists() => {}
            result => return result,
        }
    }
}

fn copy_entries(from: &Path, to: &Path) -> io::Result<()> {
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let (path, copied) = (entry.path(), to.join(entry.file_name()));
        if entry.file_type()?.is_dir() {
            // Records of members are removed with their folder.
            match copy(&path, &copied) {
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                result => result?,
            }
        } else {
            fs::copy(path, copied)?;
        }
    }
    Ok(())
}

//! Temporary files next to the files that they replace.

use std::{
    fs::{self, File, Metadata, OpenOptions},
    io::{self, ErrorKind},
    path::{Path, PathBuf},
};

use teamwire_core::effect::{FileError, FileErrorKind};

use super::{
    error::{NOT_A_FILE, file_error},
    leftovers,
};

/// Maximum number of symbolic links to follow, as on Linux.
const MAX_LINKS: u32 = 40;

/// The name of a new file is random in between.
const PREFIX: &str = ".teamwire-";
const SUFFIX: &str = ".part";

/// Creates a new, empty file next to `target`, and returns the paths of both. If `target` is a link, the path is that
/// of its destination. Removes the files in the folder that were left by processes that were killed.
pub(crate) fn create(target: &str) -> Result<(String, String), FileError> {
    let replaced = match fs::metadata(target) {
        Ok(data) if data.is_dir() => return Err(FileError::new(target, FileErrorKind::IsDirectory, "")),
        Ok(data) if !data.is_file() => return Err(FileError::new(target, FileErrorKind::Other, NOT_A_FILE)),
        Ok(data) => Some(data),
        Err(error) if error.kind() == ErrorKind::NotFound => None,
        Err(error) => return Err(file_error(target)(error)),
    };
    let unusable = |why| FileError::new(target, FileErrorKind::Other, why);
    let resolved = resolve(Path::new(target)).map_err(file_error(target))?;
    let resolved =
        resolved.into_os_string().into_string().map_err(|_| unusable("it links to a path that is not Unicode"))?;
    if resolved.ends_with(std::path::is_separator) || Path::new(&resolved).file_name().is_none() {
        return Err(unusable("the path has no file name"));
    }
    let name = format!("{PREFIX}{}{SUFFIX}", random_name().map_err(file_error(target))?);
    let part = Path::new(&resolved).with_file_name(name);
    leftovers::remove(part.parent().filter(|folder| *folder != Path::new("")).unwrap_or(Path::new(".")), is_part);
    let part = part.into_os_string().into_string().map_err(|_| unusable("the path is not Unicode"))?;
    leftovers::protect(Path::new(&part));
    match create_new(&part, replaced.as_ref()).inspect_err(|_| leftovers::forget(Path::new(&part))) {
        Ok(()) => Ok((part, resolved)),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            Err(FileError::new(target, FileErrorKind::NotFound, "there is no such folder"))
        }
        Err(error) => {
            // The file may have been created before its permissions could not be set.
            if error.kind() != ErrorKind::AlreadyExists {
                let _ = fs::remove_file(&part);
            }
            let FileError { kind, message, .. } = file_error(&part)(error);
            Err(FileError::new(target, kind, format!("cannot create a new file in its folder: {message}")))
        }
    }
}

/// Renames the file, after giving it the permissions of the file that it replaces.
pub(crate) fn rename(from: &str, to: &str) -> io::Result<()> {
    if let Ok(replaced) = fs::symlink_metadata(to)
        && replaced.is_file()
    {
        permissions::keep(from, &replaced)?;
    }
    fs::rename(from, to)?;
    leftovers::forget(Path::new(from));
    Ok(())
}

/// Removes a file that [`create`] has made and that is not renamed.
pub(crate) fn remove(path: &str) -> io::Result<()> {
    let removed = fs::remove_file(path);
    leftovers::forget(Path::new(path));
    removed
}

/// Opens a file that [`create`] has made, for writing. Fails for anything but a regular file, also for a link to one.
pub(crate) fn open(path: &str) -> Result<File, FileError> {
    let file = permissions::not_through_a_link(path).map_err(file_error(path))?;
    match file.metadata() {
        Ok(data) if data.is_file() => Ok(file),
        Ok(_) => Err(FileError::new(path, FileErrorKind::Other, NOT_A_FILE)),
        Err(error) => Err(file_error(path)(error)),
    }
}

fn create_new(path: &str, replaced: Option<&Metadata>) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    permissions::create_as(&mut options, path, replaced)
}

/// Follows symbolic links to their destination, which need not exist.
fn resolve(path: &Path) -> io::Result<PathBuf> {
    let mut path = path.to_owned();
    for _ in 0..MAX_LINKS {
        if !fs::symlink_metadata(&path).is_ok_and(|data| data.is_symlink()) {
            return Ok(path);
        }
        let link = fs::read_link(&path)?;
        // An absolute link replaces the whole path.
        path = path.parent().unwrap_or(Path::new("")).join(link);
    }
    Err(io::Error::other("too many links"))
}

fn is_part(name: &str) -> bool {
    let random = name.strip_prefix(PREFIX).and_then(|name| name.strip_suffix(SUFFIX));
    random.is_some_and(|random| random.len() == 32 && random.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// Returns a name of 128 random bits, so that no file can be planted under it.
pub(crate) fn random_name() -> io::Result<String> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(io::Error::other)?;
    Ok(format!("{:032x}", u128::from_le_bytes(bytes)))
}

#[cfg(unix)]
mod permissions {
    use std::{
        fs::{self, File, Metadata, OpenOptions, Permissions},
        io,
        os::unix::fs::{OpenOptionsExt, PermissionsExt},
    };

    use rustix::fs::OFlags;

    /// Permissions to read, write and execute, without the set-user-id, set-group-id and sticky bits.
    const BITS: u32 = 0o777;
    /// Permission of the owner to write, which a read-only file needs until it is complete.
    const WRITABLE: u32 = 0o200;

    fn bits(of: &Metadata) -> u32 {
        of.permissions().mode() & BITS
    }

    pub(super) fn create_as(options: &mut OpenOptions, path: &str, replaced: Option<&Metadata>) -> io::Result<()> {
        let Some(mode) = replaced.map(|data| bits(data) | WRITABLE) else { return options.open(path).map(drop) };
        // Created with these permissions at most, then set to them exactly, whatever the umask.
        options.mode(mode).open(path)?.set_permissions(Permissions::from_mode(mode))
    }

    pub(super) fn keep(path: &str, replaced: &Metadata) -> io::Result<()> {
        fs::set_permissions(path, Permissions::from_mode(bits(replaced)))
    }

    pub(super) fn not_through_a_link(path: &str) -> io::Result<File> {
        // Opening a pipe would wait for its other end.
        let flags = (OFlags::NOFOLLOW | OFlags::NONBLOCK).bits();
        OpenOptions::new().write(true).custom_flags(flags.cast_signed()).open(path)
    }
}

#[cfg(not(unix))]
mod permissions {
    use std::{
        fs::{self, File, Metadata, OpenOptions},
        io,
    };

    pub(super) fn create_as(options: &mut OpenOptions, path: &str, _: Option<&Metadata>) -> io::Result<()> {
        options.open(path).map(drop)
    }

    /// New files have the permissions of their folder here.
    #[expect(clippy::unnecessary_wraps, reason = "it can fail on Unix")]
    pub(super) fn keep(_: &str, _: &Metadata) -> io::Result<()> {
        Ok(())
    }

    pub(super) fn not_through_a_link(path: &str) -> io::Result<File> {
        if !fs::symlink_metadata(path)?.is_file() {
            return Err(io::Error::other("it is not a regular file"));
        }
        OpenOptions::new().write(true).open(path)
    }
}

#[cfg(all(test, unix))]
mod tests {
    use std::{
        fs::Permissions,
        os::unix::fs::{PermissionsExt, symlink},
    };

    use super::*;

    struct Folder(String);

    impl Folder {
        fn new(name: &str) -> Self {
            let path = std::env::temp_dir().join(format!("teamwire-part-{}-{name}", std::process::id()));
            fs::create_dir_all(&path).expect("a folder for the test");
            Self(path.into_os_string().into_string().expect("a path in Unicode"))
        }

        fn path(&self, name: &str) -> String {
            format!("{}/{name}", self.0)
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    fn mode(path: &str) -> u32 {
        fs::metadata(path).expect("it is there").permissions().mode() & 0o7777
    }

    #[test]
    fn a_new_file_has_the_permissions_that_the_replaced_one_will_have_left() {
        let folder = Folder::new("permissions");
        let target = folder.path("target");
        fs::write(&target, "old").expect("a file");
        // With set-user-id, and one that must not be written.
        for (old, part, new) in [(0o600, 0o600, 0o600), (0o4755, 0o755, 0o755), (0o444, 0o644, 0o444)] {
            fs::set_permissions(&target, Permissions::from_mode(old)).expect("it is ours");
            let (created, resolved) = create(&target).expect("it can be created");
            assert_eq!((mode(&created), &resolved), (part, &target), "{old:o}");
            open(&created).expect("it can be written to");
            rename(&created, &resolved).expect("it can be renamed");
            assert_eq!(mode(&target), new, "{old:o}");
        }
    }

    #[test]
    fn a_link_leads_to_the_file_that_it_names_whether_there_is_one_or_not() {
        let (folder, elsewhere) = (Folder::new("links"), Folder::new("elsewhere"));
        for (link, leads_to) in [
            ("absolute", elsewhere.path("file")),
            ("relative", "file".to_owned()),
            ("up", format!("../{}/file", elsewhere.0.rsplit('/').next().unwrap_or_default())),
        ] {
            symlink(&leads_to, folder.path(link)).expect("a link");
            let (part, target) = create(&folder.path(link)).expect("its folder is there");
            let expected = if link == "relative" { &folder.0 } else { &elsewhere.0 };
            let parent =
                |path: &str| fs::canonicalize(Path::new(path).parent().expect("it has one")).expect("it is there");
            assert_eq!(parent(&target), fs::canonicalize(expected).expect("it is there"), "{link}");
            assert_eq!(parent(&part), parent(&target), "{link}");
            assert!(target.ends_with("/file") && !fs::exists(&target).expect("it can be seen"), "{target}");
        }
        symlink("no such folder/file", folder.path("dangling")).expect("a link");
        symlink("round", folder.path("round")).expect("a link");
        for link in ["dangling", "round"] {
            let error = create(&folder.path(link)).expect_err("it leads nowhere");
            assert_eq!(error.path, folder.path(link), "{error}");
        }
    }

    #[test]
    fn names_are_random_and_long() {
        let folder = Folder::new("names");
        let names: std::collections::BTreeSet<_> = (0..100)
            .map(|_| create(&folder.path("target")).expect("it can be created").0)
            .inspect(|part| {
                let name = part.rsplit('/').next();
                assert!(name.is_some_and(|name| name.starts_with('.') && is_part(name)), "{part}");
            })
            .collect();
        assert_eq!(names.len(), 100);
    }

    #[test]
    fn only_a_file_is_opened_and_not_through_a_link() {
        let folder = Folder::new("open");
        fs::write(folder.path("file"), "precious").expect("a file");
        symlink("file", folder.path("link")).expect("a link");
        let pipe = folder.path("pipe");
        let (kind, mode) = (rustix::fs::FileType::Fifo, rustix::fs::Mode::from_raw_mode(0o600));
        rustix::fs::mknodat(rustix::fs::CWD, &pipe, kind, mode, 0).expect("a pipe");
        for path in [folder.path("link"), pipe, folder.path("none"), folder.0.clone(), "/dev/null".to_owned()] {
            open(&path).expect_err(&path);
        }
        open(&folder.path("file")).expect("it is a file");
        assert_eq!(fs::read_to_string(folder.path("file")).expect("it is there"), "precious");
    }

    #[test]
    fn a_path_without_a_name_is_refused() {
        let folder = Folder::new("no-name");
        for path in ["", "none/", "none/..", ".", "/"] {
            let path = if path.starts_with('/') || path.is_empty() { path.to_owned() } else { folder.path(path) };
            create(&path).expect_err(&path);
        }
        assert_eq!(fs::read_dir(&folder.0).expect("it is there").count(), 0);
    }
}

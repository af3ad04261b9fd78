//! Reading and writing files: bounded reads, atomic writes, secrets 0600, nothing overwritten unasked.

use std::fs::{File, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use memmap2::Mmap;
use tempfile::NamedTempFile;
use zeroize::Zeroizing;
use zkdx_prover::ProvingKey;

use crate::error::{CliError, Context, Kind, Result};

/// Files above this size are refused before they are read.
const MAX_FILE_BYTES: u64 = 1 << 36;

/// Who may read a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Privacy {
    /// Anyone: mode 0644.
    Public,
    /// Only its owner: mode 0600.
    Secret,
}

/// Whether existing files may be replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Overwrite {
    /// Refuse.
    No,
    /// `--force` was given.
    Yes,
}

/// Reads a file whole, into memory that is wiped when dropped.
pub(crate) fn read(path: &Path) -> Result<Zeroizing<Vec<u8>>> {
    let (mut file, length) = open(path)?;
    let mut bytes = Zeroizing::new(Vec::with_capacity((length as usize).saturating_add(1)));
    file.read_to_end(&mut bytes).or_fail(Kind::Io, format!("cannot read `{}`", path.display()))?;
    Ok(bytes)
}

/// Maps a public file into memory, for as long as it takes to copy what is needed out of it. Not for secrets.
#[allow(unsafe_code)]
pub(crate) fn map(path: &Path) -> Result<Mmap> {
    let (file, _) = open(path)?;
    // SAFETY: a map is undefined only if the file is truncated or rewritten in place meanwhile. This program replaces files by renaming
    // a new one over them, which leaves the mapped one as it was; whoever else writes into a file while it is read gets what a copy
    // would be, a wrong checksum, or ends this process with SIGBUS. Nothing is kept of the map but checked copies.
    unsafe { Mmap::map(&file) }.or_fail(Kind::Io, format!("cannot read `{}`", path.display()))
}

/// A file's length.
pub(crate) fn length(path: &Path) -> Result<u64> {
    Ok(open(path)?.1)
}

fn open(path: &Path) -> Result<(File, u64)> {
    let fail = || format!("cannot read `{}`", path.display());
    let file = File::open(path).or_fail_with(Kind::Io, fail(), "check the path and its permissions")?;
    let metadata = file.metadata().or_fail(Kind::Io, fail())?;
    if metadata.is_dir() {
        return Err(CliError::new(Kind::Io, fail()).why("it is a directory").next("name a file"));
    }
    if metadata.len() > MAX_FILE_BYTES {
        return Err(CliError::new(Kind::Input, fail()).why(format!("it has {} bytes", metadata.len())));
    }
    Ok((file, metadata.len()))
}

/// [`check_writable`] for every output of a command, which must be different files.
pub(crate) fn check_all_writable(paths: &[&Path], overwrite: Overwrite) -> Result<()> {
    for (index, path) in paths.iter().enumerate() {
        if paths[..index].iter().any(|earlier| place(earlier) == place(path)) {
            let what = format!("`{}` is named for two outputs", path.display());
            return Err(CliError::new(Kind::Usage, what).next("choose a path for each"));
        }
        check_writable(path, overwrite)?;
    }
    Ok(())
}

/// Fails early if `path` exists and may not be replaced, or its directory does not exist.
pub(crate) fn check_writable(path: &Path, overwrite: Overwrite) -> Result<()> {
    let fail = || format!("cannot write `{}`", path.display());
    if path.is_dir() {
        return Err(CliError::new(Kind::Io, fail()).why("it is a directory").next("name a file"));
    }
    if overwrite == Overwrite::No && path.exists() {
        return Err(CliError::new(Kind::Io, fail())
            .why("it exists")
            .next("choose another path, or pass --force to replace it"));
    }
    if path.symlink_metadata().is_ok_and(|metadata| !metadata.is_file()) {
        return Err(CliError::new(Kind::Io, fail())
            .why("it is a link or a device, not a plain file")
            .next("choose another path"));
    }
    if !directory(path).is_dir() {
        let why = format!("the directory `{}` does not exist", directory(path).display());
        return Err(CliError::new(Kind::Io, fail()).why(why).next("create it first"));
    }
    Ok(())
}

/// Fails early if `path` is no directory to write into.
pub(crate) fn check_directory(path: &Path) -> Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    let why = if path.exists() { "it is a file" } else { "it does not exist" };
    let what = format!("cannot write into the directory `{}`", path.display());
    Err(CliError::new(Kind::Io, what).why(why).next("create it first"))
}

/// Names of the plain files in the directory `path`, in order; hidden ones and directories are left out.
pub(crate) fn list(path: &Path) -> Result<Vec<PathBuf>> {
    let fail = || format!("cannot read the directory `{}`", path.display());
    let next = "check the path and its permissions";
    let entries = std::fs::read_dir(path).or_fail_with(Kind::Io, fail(), next)?;
    let entries = entries.collect::<io::Result<Vec<_>>>().or_fail_with(Kind::Io, fail(), next)?;
    let hidden = |path: &Path| path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
    let plain = |path: &Path| path.metadata().map_or(true, |metadata| metadata.is_file());
    let mut paths: Vec<PathBuf> = entries.into_iter().map(|entry| entry.path()).collect();
    paths.retain(|path| !hidden(path) && plain(path));
    paths.sort();
    Ok(paths)
}

/// What is in a file.
#[derive(Clone, Copy)]
pub(crate) enum Content<'f> {
    /// These bytes.
    Bytes(&'f [u8]),
    /// What this key writes piece by piece.
    Key(&'f ProvingKey),
}

/// A file to write.
pub(crate) struct NewFile<'f> {
    /// Where to.
    pub(crate) path: &'f Path,
    /// What.
    pub(crate) content: Content<'f>,
    /// For whom.
    pub(crate) privacy: Privacy,
}

/// Writes files: each is written whole beside its place before any takes its place, so that a full disk leaves nothing behind.
pub(crate) fn write_all(files: &[NewFile<'_>], overwrite: Overwrite) -> Result<()> {
    let paths: Vec<&Path> = files.iter().map(|file| file.path).collect();
    check_all_writable(&paths, overwrite)?;
    let staged = files.iter().map(stage).collect::<Result<Vec<_>>>()?;
    for (file, staged) in files.iter().zip(staged) {
        let what = format!("cannot write `{}`", file.path.display());
        persist(staged, file.path, overwrite).or_fail_with(Kind::Io, what, "check its directory and try again")?;
    }
    Ok(())
}

fn stage(new: &NewFile<'_>) -> Result<NamedTempFile> {
    let NewFile { path, content, privacy } = *new;
    let fail = || format!("cannot write `{}`", path.display());
    let next = "check permissions and free space of its directory; nothing was written";
    let mut file = NamedTempFile::with_prefix_in(".zkdx-", directory(path)).or_fail_with(Kind::Io, fail(), next)?;
    let mode = if privacy == Privacy::Secret { 0o600 } else { 0o644 };
    file.as_file().set_permissions(Permissions::from_mode(mode)).or_fail_with(Kind::Io, fail(), next)?;
    content.write(file.as_file_mut()).or_fail_with(Kind::Io, fail(), next)?;
    file.as_file().sync_all().or_fail_with(Kind::Io, fail(), next)?;
    Ok(file)
}

impl Content<'_> {
    fn write(self, file: &mut File) -> io::Result<()> {
        match self {
            Self::Bytes(bytes) => file.write_all(bytes),
            Self::Key(key) => key.write(file),
        }
    }
}

fn persist(file: NamedTempFile, path: &Path, overwrite: Overwrite) -> std::io::Result<()> {
    let result = match overwrite {
        Overwrite::Yes => file.persist(path),
        Overwrite::No => file.persist_noclobber(path),
    };
    result.map(drop).map_err(|error| error.error)
}

/// The same for two ways to write one path.
fn place(path: &Path) -> PathBuf {
    let directory = directory(path);
    directory.canonicalize().unwrap_or(directory).join(path.file_name().unwrap_or_default())
}

fn directory(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_path_buf(),
        _ => PathBuf::from("."),
    }
}

use std::fs::{File, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};

use crate::OpenError;

/// Keeps other writers off a database file for as long as it lives.
///
/// SQLite itself would let two processes write in turn; two stores on one file would then each
/// believe to be the only one. The lock is the system's, so that it ends with the process.
#[derive(Debug)]
pub(crate) struct WriterLock(#[expect(dead_code, reason = "held, not used")] File);

impl WriterLock {
    /// Locks `<path>.lock` and writes this process's id into it.
    pub(crate) fn acquire(path: &Path) -> Result<Self, OpenError> {
        let not_writable =
            |source: std::io::Error| OpenError::NotWritable { path: path.to_owned(), source: Box::new(source) };
        let open = File::options().read(true).write(true).create(true).truncate(false).open(lock_path(path));
        let mut file = open.map_err(not_writable)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                return Err(OpenError::Locked { path: path.to_owned(), pid: read_pid(&mut file) });
            }
            Err(TryLockError::Error(source)) => {
                return Err(OpenError::Failed { path: path.to_owned(), source: Box::new(source) });
            }
        }
        let write_pid = |file: &mut File| {
            file.set_len(0)?;
            file.rewind()?;
            writeln!(file, "{}", std::process::id())
        };
        write_pid(&mut file).map_err(not_writable)?;
        Ok(Self(file))
    }
}

fn lock_path(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    name.into()
}

fn read_pid(file: &mut File) -> Option<u32> {
    let mut text = String::new();
    file.read_to_string(&mut text).ok()?;
    text.trim().parse().ok()
}

use crate::failure::Failure;
use std::fs::{File, TryLockError};
use std::path::{Path, PathBuf};

/// The folder that holds everything that outlives the process.
#[derive(Debug)]
pub(crate) struct DataFolder {
    path: PathBuf,
    /// Held while the process lives, so that no other one uses the folder.
    _lock: Option<File>,
}

impl DataFolder {
    /// Makes the folder if it isn't there, and takes it for this process alone.
    pub(crate) fn take(path: &Path) -> Result<Self, Failure> {
        let failed = |error| Failure::Folder(path.to_owned(), error);
        let folder = Self::visit(path)?;
        let lock = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(path.join("lock"))
            .map_err(failed)?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { _lock: Some(lock), ..folder }),
            Err(TryLockError::WouldBlock) => Err(Failure::FolderInUse(path.to_owned())),
            Err(TryLockError::Error(error)) => Err(failed(error)),
        }
    }

    /// Fails when another process holds the folder, and makes nothing.
    pub(crate) fn refuse_taken(path: &Path) -> Result<(), Failure> {
        if Self::is_taken(path) { Err(Failure::FolderInUse(path.to_owned())) } else { Ok(()) }
    }

    /// Makes the folder if it isn't there, for a short visit beside a process that may hold it: SQLite lets
    /// several processes write one after the other.
    pub(crate) fn visit(path: &Path) -> Result<Self, Failure> {
        std::fs::create_dir_all(path).map_err(|error| Failure::Folder(path.to_owned(), error))?;
        Ok(Self { path: path.to_owned(), _lock: None })
    }

    /// Whether another process holds it now.
    pub(crate) fn is_taken(path: &Path) -> bool {
        File::open(path.join("lock"))
            .is_ok_and(|lock| matches!(lock.try_lock(), Err(TryLockError::WouldBlock)))
    }

    /// The database.
    pub(crate) fn database(&self) -> PathBuf {
        self.path.join("muster.db")
    }

    /// The collector's store.
    pub(crate) fn telemetry(&self) -> PathBuf {
        self.path.join("telemetry.db")
    }

    /// What the practice Discord remembers.
    pub(crate) fn practice(&self) -> PathBuf {
        self.path.join("practice.json")
    }
}

//! The checksum of a file while it is written.

use std::io;

/// Hashes what passes through.
pub(super) struct Hashing<'o> {
    pub(super) out: &'o mut dyn io::Write,
    pub(super) hasher: blake3::Hasher,
}

impl io::Write for Hashing<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.out.write_all(bytes)?;
        self.hasher.update_rayon(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

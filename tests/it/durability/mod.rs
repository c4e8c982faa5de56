//! An acknowledged webhook is never lost: crashes, stops under load, tampered files. A full disk is in tests/stack/.

mod crash;
mod files;

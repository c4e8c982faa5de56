//! Captured requests in `tests/data`.

use std::fs;
use std::path::{Path, PathBuf};

pub(crate) fn data(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(path)
}

/// The requests of one folder, with the seconds at which they arrived.
pub(crate) fn requests(folder: &str) -> Vec<(f64, Vec<u8>)> {
    let folder = data("captures").join(folder);
    let index = fs::read_to_string(folder.join("requests.tsv")).unwrap();
    let request = |line: &str| {
        let mut columns = line.split('\t');
        let bytes = fs::read(folder.join(columns.next().unwrap())).unwrap();
        (columns.next().unwrap().parse().unwrap(), bytes)
    };
    index.lines().map(request).collect()
}

/// The request with another path.
pub(crate) fn aimed(request: &[u8], path: &str) -> Vec<u8> {
    let line_end = request.windows(2).position(|two| two == b"\r\n").unwrap();
    let line = std::str::from_utf8(&request[..line_end]).unwrap();
    let (method, target) = line.split_once(' ').unwrap();
    let target = target.strip_suffix(" HTTP/1.1").unwrap();
    let query = target.split_once('?').map_or(String::new(), |(_, query)| format!("?{query}"));
    let mut aimed = format!("{method} {path}{query} HTTP/1.1").into_bytes();
    aimed.extend_from_slice(&request[line_end..]);
    aimed
}

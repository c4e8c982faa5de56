//! Files that are in use, or are no store of this program.

use super::*;

#[test]
fn a_second_exporter_cannot_open_the_file() {
    let folder = Folder::new("one");
    let first = open(&folder.store());
    let error = SqliteStore::open(&folder.store()).unwrap_err().to_string();
    assert!(error.contains("in use by another printfarm_exporter"), "{error}");
    drop(first);
    open(&folder.store());
}

/// A name, how to make the file, and a part of the error.
type Foreign<'a> = (&'a str, &'a dyn Fn(&Path), &'a str);

#[test]
fn a_file_that_is_not_a_valid_store_is_refused_and_not_changed() {
    let newer = "PRAGMA application_id = 0x50464558; PRAGMA user_version = 99;";
    let printers = |path: &Path, rows: &str| {
        drop(open(path));
        let state = r#"{"since": 0, "last_event": 0}"#;
        sql(path, &format!("INSERT INTO printers VALUES {}", rows.replace("STATE", state)));
    };
    let cases: [Foreign<'_>; 8] = [
        ("no database", &|path| fs::write(path, vec![b'x'; 8192]).unwrap(), "is damaged"),
        (
            "a database of another program",
            &|path| sql(path, "CREATE TABLE t (x)"),
            "is a database of another program",
        ),
        (
            "a newer layout",
            &|path| sql(path, newer),
            "was written by a newer version (layout 99; this version knows layout 2)",
        ),
        (
            "a state that cannot be read",
            &|path| printers(path, "(0, 'octoprint', 'a', 'a', 'a', '{')"),
            "the state of the printer \"a\" cannot be read",
        ),
        (
            "a duplicate label",
            &|path| {
                printers(
                    path,
                    "(0, 'octoprint', 'a', 'a', 'a', 'STATE'), (1, 'octoprint', 'b', 'a', 'b', 'STATE')",
                );
            },
            "the printer \"a\" is there twice",
        ),
        (
            "a duplicate printer",
            &|path| {
                printers(
                    path,
                    "(0, 'octoprint', 'a', 'a', 'a', 'STATE'), (1, 'octoprint', 'a', 'b', 'b', 'STATE')",
                );
            },
            "the printer \"b\" is there twice",
        ),
        (
            "a missing printer",
            &|path| printers(path, "(1, 'octoprint', 'a', 'a', 'a', 'STATE')"),
            "a printer is missing",
        ),
        (
            "an unknown source",
            &|path| printers(path, "(0, 'x', 'a', 'a', 'a', 'STATE')"),
            "has the printer \"a\" of the sender \"x\", which this version does not know",
        ),
    ];
    for (name, make, expected) in cases {
        let folder = Folder::new("foreign");
        let path = folder.store();
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        make(&path);
        let before = fs::read(&path).unwrap();
        let error = SqliteStore::open(&path)
            .map(|store| store.with_sources(Source::SAMPLES.to_vec()))
            .and_then(|mut store| store.load())
            .unwrap_err()
            .to_string();
        assert!(error.contains(expected), "{name}: {error}");
        assert_eq!(fs::read(&path).unwrap(), before, "{name}");
    }
}

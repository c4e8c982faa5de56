//! Compares docs/STORAGE.md with the file that it describes.

use std::fs;
use std::path::Path;

use printfarm_exporter::store::open_to_read;

use crate::sample_store::{folder, sample_store};

fn document() -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/STORAGE.md")).unwrap()
}

#[test]
fn the_table_of_columns_matches_the_file() {
    let folder = folder("columns");
    let connection = open_to_read(&sample_store(&folder)).unwrap();
    let sql = "SELECT t.name, c.name, c.type FROM pragma_table_list t, pragma_table_info(t.name) c
               WHERE t.schema = 'main' AND t.name NOT LIKE 'sqlite_%'";
    let mut statement = connection.prepare(sql).unwrap();
    let row = |row: &rusqlite::Row<'_>| -> rusqlite::Result<[String; 3]> {
        Ok([row.get(0)?, row.get(1)?, row.get(2)?])
    };
    let mut real: Vec<_> = statement.query_map([], row).unwrap().map(Result::unwrap).collect();

    let document = document();
    let rows = document.lines().skip_while(|line| *line != "| table | column | type | meaning |").skip(2);
    let mut told: Vec<[String; 3]> = rows
        .take_while(|line| line.starts_with('|'))
        .map(|line| {
            let mut cells = line.split('|').skip(1).map(|cell| cell.trim().trim_matches('`').to_owned());
            let row = std::array::from_fn(|_| cells.next().unwrap());
            assert!(!cells.next().unwrap().is_empty(), "no meaning: {line}");
            row
        })
        .collect();
    real.sort();
    told.sort();
    assert_eq!(told, real);
    let layout: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0)).unwrap();
    assert!(document.contains(&format!("\nLayout {layout} (`PRAGMA user_version`)")));
    fs::remove_dir_all(folder).unwrap();
}

#[test]
fn every_example_query_returns_a_row() {
    let folder = folder("queries");
    let connection = open_to_read(&sample_store(&folder)).unwrap();
    let document = document();
    let queries = document.split("```sql\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    let mut count = 0;
    for query in queries {
        let mut statement = connection.prepare(query).unwrap();
        let columns = statement.column_count();
        let mut rows = statement.query([]).unwrap();
        let row = rows.next().unwrap().expect(query);
        let filled = (0..columns).filter(|at| row.get_ref(*at).unwrap() != rusqlite::types::ValueRef::Null);
        assert_eq!(filled.count(), columns, "{query}");
        count += 1;
    }
    assert!(count >= 4, "{count}");
    fs::remove_dir_all(folder).unwrap();
}

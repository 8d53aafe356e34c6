//! The product's schema: `schema.sql`, and the migrations from older files.

use crate::db::Schema;

pub static SCHEMA: Schema = Schema {
    program: "groups-server",
    // "GRPS".
    application_id: 0x4752_5053,
    definition: include_str!("../../schema.sql"),
    migrations: &[
        include_str!("migrations/from_1.sql"),
        include_str!("migrations/from_2.sql"),
    ],
};

/// The SQL of the generated column with a contact's JSON object, as `schema.sql` has it.
pub fn contact_object() -> &'static str {
    let generated = SCHEMA.definition.split_once("GENERATED ALWAYS AS (");
    let object = generated.and_then(|(_, rest)| rest.split_once(") STORED"));
    object.expect("schema.sql has it").0
}

#[cfg(test)]
mod tests {
    use rusqlite::{Connection, StatementStatus};

    use super::*;
    use crate::db::schema::testing::new_file;
    use crate::db::schema::{State, configure, definitions};

    #[test]
    fn other_values_do_not_prepare_a_statement_again() {
        let (_folder, conn) = new_file(&SCHEMA);
        configure(&conn).unwrap();
        let mut statement = conn
            .prepare("SELECT pk FROM groups WHERE account = ?1 AND pk < ?2 ORDER BY pk DESC LIMIT ?3")
            .unwrap();
        for n in 1..10 {
            assert!(!statement.exists([n, 100 * n, n]).unwrap());
        }
        assert_eq!(statement.get_status(StatementStatus::RePrepare), 0);
    }

    #[test]
    fn a_migrated_file_has_the_schema_of_a_new_one() {
        let (folder, fresh) = new_file(&SCHEMA);
        for version in 1..SCHEMA.version() {
            let older = format!("{}/tests/fixtures/schema-{version}.db", env!("CARGO_MANIFEST_DIR"));
            let path = folder.path().join(format!("{version}.db"));
            std::fs::copy(older, &path).unwrap();
            let mut migrated = Connection::open(path).unwrap();
            assert_eq!(SCHEMA.state(&migrated).unwrap(), State::Older);
            assert_ne!(definitions(&migrated).unwrap(), definitions(&fresh).unwrap());
            SCHEMA.migrate(&mut migrated).unwrap();
            assert_eq!(SCHEMA.state(&migrated).unwrap(), State::Current);
            assert_eq!(definitions(&migrated).unwrap(), definitions(&fresh).unwrap());
        }
    }

    #[test]
    fn every_table_is_strict() {
        let (_folder, conn) = new_file(&SCHEMA);
        let loose: i64 = conn
            .query_row(
                "SELECT count(*) FROM pragma_table_list
                 WHERE schema = 'main' AND type = 'table' AND NOT strict AND name NOT LIKE 'sqlite_%'",
                [],
                |row| row.get(0),
            )
            .unwrap();
        assert_eq!(loose, 0);
    }
}

//! The SQL files of datasets: whether each is SQL for a server, and ends outside of a transaction.

use std::path::Path;

use super::{Finding, Scenario};
use crate::scenario::{DatasetRef, SqlFiles};
use crate::sql::script::{open_transaction, pieces};

pub(super) fn check(scenario: &Scenario, sql: &SqlFiles) -> Vec<Finding> {
    let mut found = of_list("data", &scenario.data, sql);
    for (name, node) in &scenario.nodes.0 {
        if let Some(data) = &node.data {
            found.extend(of_list(&format!("nodes.{name}.data"), data, sql));
        }
    }
    found
}

fn of_list(path: &str, data: &[DatasetRef], sql: &SqlFiles) -> Vec<Finding> {
    let mut found = Vec::new();
    for (number, dataset) in data.iter().enumerate() {
        for (key, files) in [("schema", &dataset.schema), ("files", &dataset.files)] {
            let place = |at: usize| format!("{path}[{number}].{key}[{at}]");
            let files = files.iter().enumerate();
            found.extend(files.filter_map(|(at, file)| flaw(file, place(at), sql)));
        }
    }
    found
}

fn flaw(file: &Path, path: String, sql: &SqlFiles) -> Option<Finding> {
    let name = file.display();
    // A file that cannot be read is an error of its own.
    let text = sql.get(&name.to_string())?;
    let pieces = match pieces(text) {
        Ok(pieces) => pieces,
        Err(error) => {
            let message = format!("`{name}`, line {}: {error}", error.line());
            return Some(Finding::value(
                path,
                message,
                error.hint().map(str::to_owned),
            ));
        }
    };
    let begun = open_transaction(&pieces)?;
    let message = format!(
        "`{name}` ends within a transaction, which begins on line {}",
        begun.line
    );
    let help = "end it with `COMMIT`".to_owned();
    Some(Finding::value(path, message, help))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(text: &str) -> Option<String> {
        let file = Path::new("a.sql");
        let sql = SqlFiles::from([("a.sql".to_owned(), text.to_owned())]);
        flaw(file, "data[0].files[0]".to_owned(), &sql).map(|found| found.message)
    }

    #[test]
    fn what_psql_alone_understands_is_refused_with_its_line() {
        for command in [
            "c other",
            "connect other",
            "set x 1",
            "i b.sql",
            "ir b.sql",
            "echo a",
            "gexec",
            "if true",
            "copy t from 'a.csv'",
        ] {
            let word = command.split(' ').next().unwrap_or_default();
            let message = format!("`a.sql`, line 2: `\\{word}` is a command of psql, not SQL");
            assert_eq!(said(&format!("SELECT 1;\n\\{command}\n")), Some(message));
        }
        assert_eq!(said("\\restrict a\nSELECT 1;\n\\unrestrict a\n"), None);
        assert_eq!(said("COPY t FROM stdin;\n\\N\n\\.\nSELECT 1;"), None);
    }

    #[test]
    fn a_file_ends_outside_of_a_transaction() {
        let message = "`a.sql` ends within a transaction, which begins on line 2";
        assert_eq!(
            said("SELECT 1;\nBEGIN;\nSELECT 2;").as_deref(),
            Some(message)
        );
        assert_eq!(said("BEGIN; SELECT 2; COMMIT"), None);
    }
}

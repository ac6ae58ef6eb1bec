use proptest::prelude::*;

use super::*;
use crate::sql::odd::odd;

fn texts(sql: &str) -> Vec<&str> {
    pieces(sql)
        .expect("SQL")
        .into_iter()
        .map(|piece| piece.text)
        .collect()
}

#[test]
fn a_semicolon_ends_a_statement_only_where_it_stands_for_itself() {
    assert_eq!(
        texts(
            "SELECT ';', E'\\';', \";\", $$;$$, $a$ $$;$a$; -- ;\n/* ; /* ; */ ; */ SELECT (1;2)"
        ),
        [
            "SELECT ';', E'\\';', \";\", $$;$$, $a$ $$;$a$",
            "SELECT (1;2)"
        ]
    );
}

#[test]
fn a_backslash_in_a_plain_string_escapes_nothing() {
    assert_eq!(texts(r"SELECT '\'; SELECT 2"), [r"SELECT '\'", "SELECT 2"]);
}

#[test]
fn a_doubled_quote_ends_no_string() {
    assert_eq!(texts(r"SELECT E'a''b\';', 'c'';'; SELECT 2").len(), 2);
}

#[test]
fn a_dollar_inside_a_name_opens_nothing() {
    assert_eq!(
        texts("SELECT a$b; SELECT c$b, $1"),
        ["SELECT a$b", "SELECT c$b, $1"]
    );
}

#[test]
fn the_body_of_an_sql_function_is_one_statement() {
    let function = "CREATE OR REPLACE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT CASE WHEN true THEN 1 END; SELECT 2; END";
    assert_eq!(
        texts(&format!("{function}; SELECT 3")),
        [function, "SELECT 3"]
    );
    assert_eq!(texts("BEGIN; SELECT 1; END;"), ["BEGIN", "SELECT 1", "END"]);
}

#[test]
fn a_statement_knows_its_line() {
    let lines: Vec<_> = pieces("\n-- first\nSELECT 1;\n\nSELECT\n 2;")
        .expect("SQL")
        .iter()
        .map(|piece| piece.line)
        .collect();
    assert_eq!(lines, [3, 5]);
}

#[test]
fn copy_takes_the_lines_up_to_backslash_dot() {
    let sql = "COPY public.t (a, b) FROM stdin;\n1\tit's;\n2\t\\N\n\\.\n\nSELECT 1;";
    let found = pieces(sql).expect("SQL");
    assert_eq!(
        found[0].data,
        Some(Data {
            text: "1\tit's;\n2\t\\N\n",
            line: 2
        })
    );
    assert_eq!(found[0].filled_table(), Some("public.t"));
    assert_eq!((found[1].text, found[1].line), ("SELECT 1", 6));
}

#[test]
fn a_psql_command_is_refused_with_its_line() {
    let error = pieces("SELECT 1;\n\\copy t from 'x.csv'\n").expect_err("not SQL");
    assert_eq!(error.to_string(), "`\\copy` is a command of psql, not SQL");
    assert_eq!(error.line(), 2);
    assert!(error.hint().is_some());
}

#[test]
fn what_pg_dump_writes_for_psql_alone_is_passed_over() {
    assert_eq!(
        texts("\\restrict abc\nSELECT 1;\n\\unrestrict abc\n"),
        ["SELECT 1"]
    );
}

#[test]
fn a_string_without_end_is_reported_where_it_begins() {
    let error = pieces("SELECT 1;\nSELECT 'a;\nb").expect_err("no end");
    assert_eq!(
        (error.to_string().as_str(), error.line()),
        ("a string has no end", 2)
    );
}

#[test]
fn the_table_that_is_filled_is_named_as_written() {
    let filled = |sql| {
        pieces(sql).expect("SQL")[0]
            .filled_table()
            .map(str::to_owned)
    };
    assert_eq!(
        filled("insert into \"My Table\"(a) values (1)").as_deref(),
        Some("\"My Table\"")
    );
    assert_eq!(filled("INSERT INTO s.t SELECT 1").as_deref(), Some("s.t"));
    assert_eq!(filled("COPY t TO stdout"), None);
}

#[test]
fn words_in_strings_names_and_comments_decide_nothing() {
    let first = |sql| pieces(sql).expect("SQL")[0];
    assert_eq!(first("COPY t FROM 'stdin';\n1;\n").data, None);
    assert_eq!(first("COPY \"from stdin\" TO '/tmp/a';").data, None);
    assert_eq!(first("COPY (SELECT 1 FROM stdin) TO STDOUT;").data, None);
    assert!(
        first("COPY t (a) FROM/**/STDIN (FORMAT csv);\n1\n")
            .data
            .is_some()
    );
    assert_eq!(
        first("INSERT INTO /* a */ s . \"T\"(a) VALUES (1)").filled_table(),
        Some("s . \"T\"")
    );
}

#[test]
fn strings_that_go_on_and_numbers_before_dollars_hide_no_semicolon() {
    assert_eq!(texts("SELECT E'a'\n'\\';'; SELECT 2").len(), 2);
    assert_eq!(texts("SELECT 1$$;$$; SELECT 2").len(), 2);
    assert_eq!(texts("SELECT U&\";\", b';', N';' -- \r; SELECT 2").len(), 2);
}

proptest! {
    #[test]
    fn a_file_is_its_pieces_and_what_stands_between_them(text in odd()) {
        let Ok(pieces) = pieces(&text) else {
            return Ok(());
        };
        let mut rest = text.as_str();
        for piece in pieces {
            for part in [Some(piece.text), piece.data.map(|data| data.text)].into_iter().flatten() {
                let at = part.as_ptr() as usize - rest.as_ptr() as usize;
                prop_assert!(rest.is_char_boundary(at));
                rest = &rest[at + part.len()..];
            }
            let before = &text[..piece.text.as_ptr() as usize - text.as_ptr() as usize];
            prop_assert_eq!(piece.line, 1 + before.matches('\n').count());
            let _ = (open_transaction(&[piece]), piece.filled_table());
        }
    }

    #[test]
    fn statements_that_are_joined_are_found_again(text in odd()) {
        let Ok(once) = pieces(&text) else {
            return Ok(());
        };
        if once.iter().any(|piece| piece.data.is_some() || piece.text.contains('\\')) {
            return Ok(());
        }
        let once: Vec<&str> = once.iter().map(|piece| piece.text).collect();
        // Only a file begins with a byte order mark, so the first statement stands on the second line.
        let joined = format!("\n{}", once.join("\n;\n"));
        let again = texts(&joined);
        prop_assert_eq!(again.iter().map(|text| text.trim_end()).collect::<Vec<_>>(), once.iter().map(|text| text.trim_end()).collect::<Vec<_>>());
    }
}

#[test]
fn a_file_that_ends_within_a_transaction_is_known_by_its_begin() {
    for (text, line) in [
        ("BEGIN;\nSELECT 1;", Some(1)),
        (
            "BEGIN; COMMIT;\nstart transaction isolation level serializable;\nSELECT 1",
            Some(2),
        ),
        ("BEGIN; SAVEPOINT a; ROLLBACK TO a;", Some(1)),
        ("BEGIN; COMMIT WORK AND CHAIN;", Some(1)),
        ("BEGIN; COMMIT AND NO CHAIN;", None),
        ("BEGIN; PREPARE TRANSACTION 'a';", None),
        ("BEGIN; COMMIT PREPARED 'a';", Some(1)),
        ("BEGIN; end;", None),
        ("DO $$ BEGIN END $$;", None),
        (
            "CREATE FUNCTION f() RETURNS int BEGIN ATOMIC SELECT 1; END;",
            None,
        ),
        ("", None),
    ] {
        let pieces = pieces(text).expect("SQL");
        let begun = open_transaction(&pieces).map(|piece| piece.line);
        assert_eq!(begun, line, "{text}");
    }
}

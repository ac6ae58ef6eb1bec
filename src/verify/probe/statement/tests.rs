//! The SQL of probes into tables with keys, defaults and references.

use super::*;
use crate::server::catalog::DataType;

fn column(name: &str, kind: &str, category: &str) -> Column {
    Column {
        name: name.to_owned(),
        data_type: DataType {
            name: kind.to_owned(),
            kind: "b".to_owned(),
            category: category.to_owned(),
            modifier: -1,
            ..DataType::default()
        },
        not_null: true,
        ..Column::default()
    }
}

fn table(oid: u32, name: &str, columns: Vec<Column>) -> Table {
    let schema = "public".to_owned();
    Table {
        oid,
        schema,
        name: name.to_owned(),
        columns,
        ..Table::default()
    }
}

fn key(name: &str) -> Column {
    Column {
        unique: true,
        sequence: true,
        ..column(name, "int4", "N")
    }
}

fn refer(child: &mut Table, column: &str, parent: &Table, referenced: &str) {
    child.foreign_keys.push(ForeignKey {
        columns: vec![column.to_owned()],
        table: parent.oid,
        references: qualified(parent),
        referenced: vec![referenced.to_owned()],
        deferrable: false,
    });
}

fn insert(tables: &[Table], table: &Table, now: &[u32]) -> String {
    let writer = ProbeWriter { tables, nonce: 6 };
    let now: BTreeSet<u32> = now.iter().copied().collect();
    let present = Present {
        now: &now,
        later: &BTreeSet::new(),
    };
    let insert = writer.insert(table, Extent::Full, present);
    insert
        .split(" RETURNING ")
        .next()
        .unwrap_or_default()
        .to_owned()
}

#[test]
fn a_key_is_given_and_a_default_is_left_alone() {
    let status = Column {
        default: true,
        ..column("status", "text", "S")
    };
    let sum = Column {
        generated: true,
        ..column("sum", "int4", "N")
    };
    let orders = table(
        1,
        "orders",
        vec![key("id"), status, sum, column("paid", "bool", "B")],
    );
    assert_eq!(
        insert(&[], &orders, &[]),
        r#"INSERT INTO "public"."orders" ("id", "paid") OVERRIDING SYSTEM VALUE VALUES ('-7', 'true')"#
    );
}

#[test]
fn a_child_refers_to_the_parents_probe_or_to_a_row_that_is_there() {
    let parent = table(1, "customers", vec![key("id")]);
    let mut child = table(2, "Orders \"old\"", vec![column("customer", "int4", "N")]);
    refer(&mut child, "customer", &parent, "id");
    let tables = [parent, child.clone()];
    assert_eq!(
        insert(&tables, &child, &[1]),
        r#"INSERT INTO "public"."Orders ""old""" ("customer") OVERRIDING SYSTEM VALUE VALUES ('-7')"#
    );
    assert_eq!(
        insert(&tables, &child, &[]),
        r#"INSERT INTO "public"."Orders ""old""" ("customer") OVERRIDING SYSTEM VALUE SELECT parent_0."id" FROM (SELECT "id" FROM "public"."customers" LIMIT 1) AS parent_0"#
    );
    child.columns[0].not_null = false;
    assert!(insert(&tables, &child, &[]).ends_with("VALUES (NULL)"));
}

#[test]
fn a_key_that_is_handed_down_is_the_same_at_every_level() {
    let tenant = table(1, "tenant", vec![key("id")]);
    let mut user = table(2, "user", vec![column("tenant", "int4", "N")]);
    refer(&mut user, "tenant", &tenant, "id");
    let mut note = table(3, "note", vec![column("tenant", "int4", "N")]);
    refer(&mut note, "tenant", &user, "tenant");
    let tables = [tenant, user, note.clone()];
    assert!(insert(&tables, &note, &[1, 2]).ends_with("VALUES ('-7')"));
}

#[test]
fn a_number_is_another_one_after_a_change_and_ours_where_there_is_no_key() {
    let plain = table(1, "plain", vec![column("a", "int4", "N")]);
    assert!(insert(&[], &plain, &[]).ends_with(r#"("a") OVERRIDING SYSTEM VALUE VALUES ('-7')"#));
    let row = ProbeRow {
        table: qualified(&plain),
        relation: "public.plain".to_owned(),
        ctid: "(0,1)".to_owned(),
        xmin: "700".to_owned(),
        how: crate::verify::probe::How::Inserted,
        columns: vec!["a".to_owned()],
        values: vec![Some("-7".to_owned())],
    };
    let changed = change(&plain, &row).expect("a column to change");
    assert!(changed.contains(r#"CASE "a" WHEN 0 THEN 1 WHEN 1 THEN 0 ELSE "a" + 1 END"#));
}

#[test]
fn a_table_without_columns_takes_a_row() {
    let bare = table(1, "bare", Vec::new());
    assert_eq!(
        insert(&[], &bare, &[]),
        r#"INSERT INTO "public"."bare" DEFAULT VALUES"#
    );
    assert_eq!(touch(&bare, "public.bare", "(0,1)"), None);
}

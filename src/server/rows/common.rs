//! The columns that two tables have in common, by name. Pure.

use super::form::Form;
use super::relation::{Column, Relation};

/// What is compared of two tables.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Common {
    pub(super) columns: Vec<(String, Form)>,
    /// The numbers of the columns of the key by which a row is found on the other server; empty without one.
    pub(super) key: Vec<usize>,
    /// The columns that the other table lacks.
    pub missing: Vec<String>,
    /// The columns that are not compared: more of the other table's, and those that the first computes and the other lacks.
    pub left_out: Vec<String>,
}

impl Common {
    /// What `first` and `other` have in common.
    #[must_use]
    pub fn of(first: &Relation, other: &Relation) -> Self {
        let mut common = Self::default();
        let mut key: Vec<(i32, Option<usize>)> = Vec::new();
        for column in &first.columns {
            let place = other.column(&column.name).map(|same| {
                let form = Form::of(&column.data_type, &same.data_type);
                common.columns.push((column.name.clone(), form));
                common.columns.len() - 1
            });
            if place.is_none() {
                let list = if column.generated {
                    &mut common.left_out
                } else {
                    &mut common.missing
                };
                list.push(column.name.clone());
            }
            key.extend(column.key.map(|number| (number, place)));
        }
        key.sort_unstable();
        let key: Option<Vec<usize>> = key.into_iter().map(|(_, place)| place).collect();
        common.key = key.unwrap_or_default();
        let more = |column: &&Column| first.column(&column.name).is_none();
        let more = other.columns.iter().filter(more);
        common
            .left_out
            .extend(more.map(|column| column.name.clone()));
        common
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(name: &str, key: Option<i32>) -> Column {
        Column {
            name: name.to_owned(),
            data_type: "int4".to_owned(),
            key,
            ..Column::default()
        }
    }

    #[test]
    fn columns_are_matched_by_name_and_not_by_place() {
        let first = Relation::of(vec![
            column("id", Some(1)),
            column("t", None),
            column("v", None),
        ]);
        let other = Relation::of(vec![
            column("extra", None),
            column("t", None),
            column("id", None),
        ]);
        let common = Common::of(&first, &other);
        let names: Vec<&str> = common
            .columns
            .iter()
            .map(|(name, _)| name.as_str())
            .collect();
        assert_eq!(names, ["id", "t"]);
        assert_eq!(common.key, [0]);
        assert_eq!(common.missing, ["v"]);
        assert_eq!(common.left_out, ["extra"]);
    }

    #[test]
    fn the_key_has_its_own_order_and_is_none_unless_it_is_whole() {
        let first = Relation::of(vec![column("a", Some(2)), column("b", Some(1))]);
        assert_eq!(Common::of(&first, &first).key, [1, 0]);
        let other = Relation::of(vec![column("a", None)]);
        assert_eq!(Common::of(&first, &other).key, [0_usize; 0]);
    }

    #[test]
    fn a_computed_column_that_the_other_lacks_is_no_missing_data() {
        let generated = Column {
            generated: true,
            ..column("twice", None)
        };
        let first = Relation::of(vec![column("id", None), generated]);
        let other = Relation::of(vec![column("id", None)]);
        let common = Common::of(&first, &other);
        assert!(common.missing.is_empty());
        assert_eq!(common.left_out, ["twice"]);
    }
}

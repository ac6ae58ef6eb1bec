//! A row as a text that is the same on two servers if, and only if, its values are. Pure: it renders SQL.
//!
//! A value is written by its type's output function, under settings that the connection pins. Where one value can be
//! written in two ways (`1.0` and `1.00`, `-0` and `0`) or the two columns have two types, it is brought to one form first.

use super::common::Common;
use super::relation::Relation;
use crate::sql::quote::{identifier, literal};

/// The form in which two columns are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// As the type writes it.
    Plain,
    /// `numeric` without zeros at its end.
    Numeric,
    /// Several `numeric`s without zeros at their ends: an array, a range.
    Numerics,
    /// A floating-point number, without a negative zero.
    Float,
    /// Two types of numbers.
    Number,
    /// Text without blanks at its end.
    Blanked,
    /// `json` and `jsonb`.
    Json,
    /// Two of `date`, `timestamp`, `timestamptz`.
    Time,
}

impl Form {
    /// The form for two types.
    pub(super) fn of(first: &str, other: &str) -> Self {
        let both = |types: &[&str]| types.contains(&first) && types.contains(&other);
        let integers = ["int2", "int4", "int8"];
        if first == other {
            return match first {
                "numeric" => Self::Numeric,
                "float4" | "float8" => Self::Float,
                "bpchar" => Self::Blanked,
                "numrange" | "nummultirange" => Self::Numerics,
                array if array.starts_with("numeric[") => Self::Numerics,
                _ => Self::Plain,
            };
        }
        if both(&integers) {
            Self::Plain
        } else if both(&["int2", "int4", "int8", "numeric", "float4", "float8"]) {
            Self::Number
        } else if both(&["json", "jsonb"]) {
            Self::Json
        } else if both(&["date", "timestamp", "timestamptz"]) {
            Self::Time
        } else if first == "bpchar" || other == "bpchar" {
            Self::Blanked
        } else {
            Self::Plain
        }
    }

    /// The column in this form.
    fn write(self, column: &str) -> String {
        let text = format!("format('%s', {column})");
        let unless_null =
            |value: String| format!("CASE WHEN {column} IS NOT NULL THEN {value} END");
        match self {
            Self::Plain => column.to_owned(),
            Self::Numeric => format!("trim_scale({column})"),
            // An untyped literal keeps the column's own type.
            Self::Float => format!("({column} + '0')"),
            Self::Json => format!("{column}::jsonb"),
            Self::Time => format!("{column}::timestamptz"),
            Self::Number => unless_null(format!("trim_scale({text}::numeric)")),
            Self::Blanked => unless_null(format!("rtrim({text}, ' ')")),
            Self::Numerics => {
                let fraction = r"(\.[0-9]*[1-9])0+(?=[],})])";
                let whole = r"\.0+(?=[],})])";
                let kept = literal("\\1");
                let trimmed = format!("regexp_replace({text}, {}, {kept}, 'g')", literal(fraction));
                unless_null(format!(
                    "regexp_replace({trimmed}, {}, '', 'g')",
                    literal(whole)
                ))
            }
        }
    }
}

/// The rows of a comparison, as expressions over the table `r`.
#[derive(Debug)]
pub(super) struct Rows<'a> {
    pub(super) common: &'a Common,
    /// Whether both servers hash the same bytes for the same characters.
    same_bytes: bool,
}

impl<'a> Rows<'a> {
    pub(super) fn new(common: &'a Common, same_bytes: bool) -> Self {
        Self { common, same_bytes }
    }

    /// The column of that number.
    fn column(&self, number: usize) -> String {
        let (name, form) = &self.common.columns[number];
        form.write(&format!("r.{}", identifier(name)))
    }

    fn hash(&self, columns: impl Iterator<Item = usize>) -> String {
        let columns: Vec<String> = columns.map(|number| self.column(number)).collect();
        // The output function of a row quotes what it must, and tells NULL from an empty text.
        let text = format!("ROW({})::text", columns.join(", "));
        let text = if self.same_bytes {
            text
        } else {
            format!("encode(convert_to({text}, 'UTF8'), 'hex')")
        };
        format!("hashtextextended({text} COLLATE \"C\", 0)")
    }

    /// The hash of a row.
    pub(super) fn row_hash(&self) -> String {
        self.hash(0..self.common.columns.len())
    }

    /// The hash of a row's key.
    pub(super) fn key_hash(&self) -> String {
        self.hash(self.common.key.iter().copied())
    }

    /// A FROM item that has the hash of each row as `h`.
    pub(super) fn hashed(&self, relation: &Relation) -> String {
        format!(
            "(SELECT {} AS h FROM {}) AS d",
            self.row_hash(),
            relation.from()
        )
    }

    /// The values of a row as text.
    pub(super) fn values(&self) -> String {
        let values = (0..self.common.columns.len()).map(|number| {
            let column = self.column(number);
            format!(
                "CASE WHEN NOT ({column} IS NOT DISTINCT FROM NULL) THEN format('%s', {column}) END"
            )
        });
        let values: Vec<String> = values.collect();
        format!("ARRAY[{}]::text[]", values.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_that_write_one_value_in_two_ways_have_a_form() {
        for (first, other, form) in [
            ("int4", "int4", Form::Plain),
            ("int4", "int8", Form::Plain),
            ("int4", "numeric", Form::Number),
            ("numeric", "numeric", Form::Numeric),
            ("numeric[]", "numeric[]", Form::Numerics),
            ("float8", "float8", Form::Float),
            ("float4", "float8", Form::Number),
            ("json", "json", Form::Plain),
            ("json", "jsonb", Form::Json),
            ("bpchar", "text", Form::Blanked),
            ("text", "varchar", Form::Plain),
            ("timestamp", "timestamptz", Form::Time),
            ("", "", Form::Plain),
            ("text", "bytea", Form::Plain),
        ] {
            assert_eq!(Form::of(first, other), form, "{first} {other}");
        }
    }

    #[test]
    fn no_name_of_a_column_can_capture_the_query() {
        let common = Common {
            columns: vec![
                ("r".to_owned(), Form::Plain),
                ("h\"".to_owned(), Form::Numeric),
            ],
            ..Common::default()
        };
        let hash = Rows::new(&common, true).row_hash();
        assert_eq!(
            hash,
            r#"hashtextextended(ROW(r."r", trim_scale(r."h"""))::text COLLATE "C", 0)"#
        );
    }
}

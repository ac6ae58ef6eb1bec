//! A value for a column, as a literal that PostgreSQL reads as the column's type.

use crate::server::catalog::{Column, DataType};

/// The offset in the modifiers of `varchar(n)` and `numeric(p, s)` (`VARHDRSZ`).
const MODIFIER_HEADER: i32 = 4;

/// A value for `column` that nobody else has used, as far as its type can tell `nonce`s apart. `None` for a type that we
/// cannot write.
pub(super) fn value(column: &Column, nonce: u32) -> Option<String> {
    of_type(&column.data_type, column.unique, nonce)
}

fn of_type(data_type: &DataType, unique: bool, nonce: u32) -> Option<String> {
    match data_type.kind.as_str() {
        "e" => return data_type.label.clone(),
        // Two empty ranges overlap in no exclusion constraint.
        "r" => return Some("empty".to_owned()),
        "m" => return Some("{}".to_owned()),
        "b" => {}
        _ => return None,
    }
    if let Some(element) = &data_type.element {
        let element = of_type(element, unique, nonce);
        return Some(element.map_or("{}".to_owned(), |element| {
            let escaped = element.replace('\\', "\\\\").replace('"', "\\\"");
            format!("{{\"{escaped}\"}}")
        }));
    }
    number(data_type, unique, nonce)
        .or_else(|| text(data_type, nonce))
        .or_else(|| time(data_type, unique, nonce))
        .or_else(|| other(data_type, nonce))
}

fn number(data_type: &DataType, unique: bool, nonce: u32) -> Option<String> {
    let below = match data_type.name.as_str() {
        "int2" => i64::from(i16::MAX),
        "int4" => i64::from(i32::MAX),
        "int8" | "float8" => i64::from(u32::MAX),
        // A 24-bit mantissa tells these apart.
        "float4" => 1 << 24,
        "numeric" => return Some(decimal(data_type.modifier, unique, nonce)),
        "money" | "oid" => return Some("1".to_owned()),
        _ => return None,
    };
    Some(if unique {
        (-1 - i64::from(nonce) % below).to_string()
    } else {
        "1".to_owned()
    })
}

fn decimal(modifier: i32, unique: bool, nonce: u32) -> String {
    let (precision, scale) = if modifier < MODIFIER_HEADER {
        (9, 0)
    } else {
        let packed = modifier - MODIFIER_HEADER;
        // From version 15 on the scale is eleven bits with a sign.
        (packed >> 16 & 0xffff, ((packed & 0x7ff) ^ 1024) - 1024)
    };
    let digits = (precision - scale).clamp(0, 9);
    let room = 10_i64.pow(u32::try_from(digits).unwrap_or(0));
    match (unique, digits) {
        (_, 0) => "0".to_owned(),
        (true, _) => (-1 - i64::from(nonce) % (room - 1)).to_string(),
        (false, _) => "1".to_owned(),
    }
}

fn text(data_type: &DataType, nonce: u32) -> Option<String> {
    let longest = match data_type.name.as_str() {
        "char" => 1,
        "name" => 63,
        _ if data_type.category == "S" => {
            usize::try_from(data_type.modifier - MODIFIER_HEADER).unwrap_or(usize::MAX)
        }
        _ => return None,
    };
    // An address passes more checks than a word would. If it is too long, the digits that differ are kept.
    let address = format!("probe-{nonce}@lab.invalid");
    let digits = format!("{nonce:010}");
    Some(if address.len() <= longest {
        address
    } else {
        digits[digits.len().saturating_sub(longest)..].to_owned()
    })
}

fn time(data_type: &DataType, unique: bool, nonce: u32) -> Option<String> {
    Some(match data_type.name.as_str() {
        "date" if unique => {
            format!(
                "{:04}-{:02}-{:02}",
                1000 + nonce % 900,
                1 + nonce / 900 % 12,
                1 + nonce / 10_800 % 28
            )
        }
        // Partitions and checks mostly expect the present.
        "date" | "time" | "timetz" | "timestamp" | "timestamptz" => "now".to_owned(),
        "interval" => format!("{nonce} seconds"),
        _ => return None,
    })
}

fn other(data_type: &DataType, nonce: u32) -> Option<String> {
    let [a, b, c, d] = nonce.to_be_bytes();
    Some(match data_type.name.as_str() {
        "bool" => "true".to_owned(),
        "uuid" => format!("00000000-0000-4000-8000-0000{nonce:08x}"),
        "bytea" => format!("\\x{nonce:08x}"),
        "json" | "jsonb" => format!("{{\"lab\": {nonce}}}"),
        "xml" => format!("<lab>{nonce}</lab>"),
        "inet" | "cidr" => format!("10.{b}.{c}.{d}"),
        "macaddr" => format!("02:00:{a:02x}:{b:02x}:{c:02x}:{d:02x}"),
        "macaddr8" => format!("02:00:00:00:{a:02x}:{b:02x}:{c:02x}:{d:02x}"),
        "bit" => {
            let length = usize::try_from(data_type.modifier).unwrap_or(1).max(1);
            let bits = format!("{nonce:0length$b}");
            bits[bits.len() - length..].to_owned()
        }
        "varbit" => "1".to_owned(),
        "point" => "(1,2)".to_owned(),
        "line" => "{1,-1,0}".to_owned(),
        "lseg" | "path" => "[(0,0),(1,1)]".to_owned(),
        "box" => "(1,1),(0,0)".to_owned(),
        "polygon" => "((0,0),(1,1),(1,0))".to_owned(),
        "circle" => "<(0,0),1>".to_owned(),
        "tsvector" | "tsquery" | "ltree" => "lab".to_owned(),
        "hstore" => format!("lab=>{nonce}"),
        "pg_lsn" => format!("0/{nonce:X}"),
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(name: &str, category: &str, modifier: i32, unique: bool) -> Column {
        Column {
            data_type: DataType {
                name: name.to_owned(),
                kind: "b".to_owned(),
                category: category.to_owned(),
                modifier,
                ..DataType::default()
            },
            unique,
            ..Column::default()
        }
    }

    #[test]
    fn a_key_is_negative_and_fits_its_type() {
        for nonce in [0, 1, 32_767, u32::MAX] {
            let key = |name: &str| value(&column(name, "N", -1, true), nonce).expect("a number");
            let small: i16 = key("int2").parse().expect("a smallint");
            let plain: i32 = key("int4").parse().expect("an integer");
            assert!(small < 0 && plain < 0, "{nonce}");
        }
    }

    #[test]
    fn a_text_fits_its_length_and_keeps_what_differs() {
        let text =
            |length: i32| value(&column("varchar", "S", length + 4, true), 42).expect("text");
        assert_eq!(text(255), "probe-42@lab.invalid");
        assert_eq!(text(3), "042");
        assert_eq!(
            value(&column("text", "S", -1, false), 7).as_deref(),
            Some("probe-7@lab.invalid")
        );
    }

    #[test]
    fn a_decimal_fits_its_precision() {
        let decimal = |precision: i32, scale: i32, unique| {
            let modifier = (precision << 16 | (scale & 0x7ff)) + 4;
            value(&column("numeric", "N", modifier, unique), 123_456).expect("a number")
        };
        assert_eq!(decimal(10, 2, false), "1");
        assert_eq!(decimal(2, 2, true), "0");
        assert_eq!(decimal(3, 1, true), "-4");
        assert_eq!(decimal(4, -2, true), "-123457");
    }

    #[test]
    fn an_array_holds_one_quoted_element() {
        let mut array = column("_json", "A", -1, false);
        array.data_type.element = Some(Box::new(column("json", "U", -1, false).data_type));
        assert_eq!(value(&array, 1).as_deref(), Some(r#"{"{\"lab\": 1}"}"#));
    }

    #[test]
    fn a_bit_string_has_its_length() {
        assert_eq!(
            value(&column("bit", "V", 3, true), 0b1010).as_deref(),
            Some("010")
        );
        assert_eq!(
            value(&column("bit", "V", 40, true), 1).map(|bits| bits.len()),
            Some(40)
        );
    }
}

//! Near misses: which known word a person probably meant.

/// The known word nearest to `given`, when it is near enough to be meant.
pub(crate) fn nearest<'a>(
    given: &str,
    known: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    // A third of the letters may differ; very long words would make the comparison slow and are no near miss.
    let given = given.to_ascii_lowercase();
    let most = (given.chars().count() / 3).max(1);
    if given.len() > 100 {
        return None;
    }
    known
        .into_iter()
        .map(|word| {
            (
                strsim::damerau_levenshtein(&given, &word.to_ascii_lowercase()),
                word,
            )
        })
        .filter(|(distance, word)| *distance <= most && *distance < word.len())
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, word)| word)
}

/// `did you mean …?`, where there is a near miss.
pub(crate) fn did_you_mean<'a>(
    given: &str,
    known: impl IntoIterator<Item = &'a str>,
) -> Option<String> {
    nearest(given, known).map(|word| format!("did you mean `{word}`?"))
}

/// `did you mean …?`, or else the whole choice.
pub(crate) fn did_you_mean_or_list(given: &str, what: &str, known: &[&str]) -> String {
    did_you_mean(given, known.iter().copied()).unwrap_or_else(|| choice(what, known))
}

/// `the keys are a, b and c`.
pub(crate) fn choice(what: &str, known: &[&str]) -> String {
    match known {
        [] => format!("there are no {what}"),
        [only] => format!("the only choice is `{only}`"),
        [most @ .., last] => {
            let most: Vec<String> = most.iter().map(|word| format!("`{word}`")).collect();
            format!("the {what} are {} and `{last}`", most.join(", "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_near_miss_is_suggested_and_a_far_one_is_not() {
        let known = ["standby_of", "slot", "conf"];
        assert_eq!(nearest("standby_off", known), Some("standby_of"));
        assert_eq!(nearest("STANDBY_OF", known), Some("standby_of"));
        assert_eq!(nearest("upstream", known), None);
        assert_eq!(nearest("x", ["y"]), None);
    }
}

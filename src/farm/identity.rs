//! The `printer` label: readable, unique, and pinned when a printer is first seen.

/// The wished label, or, where another printer has it, the wished label with the first free number behind it.
pub(super) fn free_label(wished: &str, is_taken: impl Fn(&str) -> bool) -> String {
    if !is_taken(wished) {
        return wished.to_owned();
    }
    let mut number = 2_u32;
    loop {
        let label = format!("{wished}-{number}");
        if !is_taken(&label) {
            return label;
        }
        number += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_that_is_free_is_taken_as_wished_and_a_taken_one_gets_the_first_free_number() {
        for (taken, label) in
            [(&[][..], "delta"), (&["delta"], "delta-2"), (&["delta", "delta-2", "delta-4"], "delta-3")]
        {
            assert_eq!(free_label("delta", |it| taken.contains(&it)), label, "{taken:?} are taken");
        }
    }
}

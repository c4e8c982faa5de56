//! How the state is written where it is kept: what is still as it begins (zero, unknown, idle) is left out, at the end of an
//! array too, and a span is its nanoseconds. What was left out is read as what it was.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// Whether a value need not be written.
pub(super) fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// A span, as an element of something else.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
struct Span(#[serde(with = "span")] Duration);

/// An array, as an element of another.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(transparent, bound(serialize = "T: Written", deserialize = "T: Written + Deserialize<'de>"))]
struct Row<T, const N: usize>(#[serde(with = "array")] [T; N]);

/// What an element of an array has to be.
pub(super) trait Written: Copy + Default + PartialEq + Serialize {}

impl<T: Copy + Default + PartialEq + Serialize> Written for T {}

impl<T: Written, const N: usize> Default for Row<T, N> {
    fn default() -> Self {
        Self([T::default(); N])
    }
}

/// Nanoseconds, up to 584 years.
pub(super) mod span {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer};

    pub(in crate::farm) fn serialize<S: Serializer>(
        span: &Duration,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_u64(u64::try_from(span.as_nanos()).unwrap_or(u64::MAX))
    }

    pub(in crate::farm) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Duration, D::Error> {
        u64::deserialize(deserializer).map(Duration::from_nanos)
    }
}

/// A span that may be unknown.
pub(super) mod optional_span {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    use super::Span;

    #[expect(clippy::ref_option, reason = "serde hands over a reference to the field")]
    pub(in crate::farm) fn serialize<S: Serializer>(
        span: &Option<Duration>,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        span.map(Span).serialize(serializer)
    }

    pub(in crate::farm) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Option<Duration>, D::Error> {
        Option::deserialize(deserializer).map(|span| span.map(|Span(span)| span))
    }
}

/// An array.
pub(super) mod array {
    use std::fmt;
    use std::marker::PhantomData;

    use serde::de::{Error, SeqAccess, Visitor};
    use serde::{Deserialize, Deserializer, Serializer};

    use super::{Written, is_default};

    pub(in crate::farm) fn serialize<T: Written, S: Serializer, const N: usize>(
        array: &[T; N],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        let end = array.iter().rposition(|value| !is_default(value)).map_or(0, |last| last + 1);
        serializer.collect_seq(&array[..end])
    }

    pub(in crate::farm) fn deserialize<'de, T, D, const N: usize>(deserializer: D) -> Result<[T; N], D::Error>
    where
        T: Written + Deserialize<'de>,
        D: Deserializer<'de>,
    {
        deserializer.deserialize_seq(UpTo(PhantomData))
    }

    struct UpTo<T, const N: usize>(PhantomData<T>);

    impl<'de, T: Written + Deserialize<'de>, const N: usize> Visitor<'de> for UpTo<T, N> {
        type Value = [T; N];

        fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(formatter, "up to {N} values")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut values: A) -> Result<Self::Value, A::Error> {
            let mut array = [T::default(); N];
            let mut count = 0;
            while let Some(value) = values.next_element()? {
                *array.get_mut(count).ok_or_else(|| A::Error::invalid_length(count + 1, &self))? = value;
                count += 1;
            }
            Ok(array)
        }
    }
}

/// An array of spans.
pub(super) mod spans {
    use std::time::Duration;

    use serde::{Deserializer, Serializer};

    use super::{Span, array};

    pub(in crate::farm) fn serialize<S: Serializer, const N: usize>(
        spans: &[Duration; N],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        array::serialize(&spans.map(Span), serializer)
    }

    pub(in crate::farm) fn deserialize<'de, D: Deserializer<'de>, const N: usize>(
        deserializer: D,
    ) -> Result<[Duration; N], D::Error> {
        array::deserialize(deserializer).map(|spans| spans.map(|Span(span)| span))
    }
}

/// An array of arrays.
pub(super) mod table {
    use serde::{Deserialize, Deserializer, Serializer};

    use super::{Row, Written, array};

    pub(in crate::farm) fn serialize<T: Written, S: Serializer, const N: usize, const M: usize>(
        table: &[[T; N]; M],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        array::serialize(&table.map(Row), serializer)
    }

    pub(in crate::farm) fn deserialize<'de, T, D, const N: usize, const M: usize>(
        deserializer: D,
    ) -> Result<[[T; N]; M], D::Error>
    where
        T: Written + Deserialize<'de>,
        D: Deserializer<'de>,
    {
        array::deserialize(deserializer).map(|rows| rows.map(|Row(row)| row))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{from_value, json, to_value};

    use super::*;

    #[derive(Debug, PartialEq, Serialize, Deserialize)]
    struct Brief {
        #[serde(with = "array")]
        counts: [u64; 3],
        #[serde(with = "table")]
        table: [[u64; 2]; 2],
        #[serde(with = "spans")]
        spans: [Duration; 2],
        #[serde(with = "optional_span")]
        span: Option<Duration>,
    }

    fn brief(counts: [u64; 3], table: [[u64; 2]; 2], spans: [u64; 2], span: Option<u64>) -> Brief {
        let span = span.map(Duration::from_nanos);
        Brief { counts, table, spans: spans.map(Duration::from_nanos), span }
    }

    #[test]
    fn what_follows_the_last_value_is_left_out_and_read_as_it_was() {
        let cases = [
            (
                "nothing",
                brief([0; 3], [[0; 2]; 2], [0; 2], None),
                json!({"counts": [], "table": [], "spans": [], "span": null}),
            ),
            (
                "the first",
                brief([1, 0, 0], [[1, 0], [0, 0]], [1, 0], Some(0)),
                json!({"counts": [1], "table": [[1]], "spans": [1], "span": 0}),
            ),
            (
                "the last",
                brief([0, 0, 1], [[0, 0], [0, 1]], [0, 1_000_000_001], Some(u64::MAX)),
                json!({"counts": [0, 0, 1], "table": [[], [0, 1]], "spans": [0, 1_000_000_001], "span": u64::MAX}),
            ),
        ];
        for (name, value, expected) in cases {
            assert_eq!(to_value(&value).unwrap(), expected, "{name}");
            assert_eq!(from_value::<Brief>(expected).unwrap(), value, "{name}");
        }
    }

    #[test]
    fn what_has_no_place_is_refused_and_centuries_are_cut_off() {
        let long = json!({"counts": [0, 0, 0, 0], "table": [], "spans": [], "span": null});
        let error = from_value::<Brief>(long).unwrap_err().to_string();
        assert!(error.contains("expected up to 3 values"), "{error}");
        let ages = Brief { span: Some(Duration::MAX), ..brief([0; 3], [[0; 2]; 2], [0; 2], None) };
        assert_eq!(to_value(&ages).unwrap()["span"], json!(u64::MAX));
    }
}

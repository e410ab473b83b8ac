//! 64-bit integers: JSON numbers out; numbers, whole doubles or decimal strings in.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer};

/// Reads an integer. Goes with `#[serde(default)]` for optional fields; null is an error.
///
/// # Errors
/// For everything that is no integer of the type's range.
pub fn integer<'de, D, T>(deserializer: D) -> Result<T, D::Error>
where
    D: Deserializer<'de>,
    T: TryFrom<i128>,
{
    deserializer.deserialize_any(IntegerVisitor(PhantomData))
}

/// Reads an integer that may be null. Goes with `#[serde(default)]`.
///
/// # Errors
/// For everything that is neither null nor an integer of the type's range.
pub fn optional<'de, D, T>(deserializer: D) -> Result<Option<T>, D::Error>
where
    D: Deserializer<'de>,
    T: TryFrom<i128>,
{
    Ok(Option::<Integer<T>>::deserialize(deserializer)?.map(|Integer(number)| number))
}

struct Integer<T>(T);

impl<'de, T: TryFrom<i128>> Deserialize<'de> for Integer<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        integer(deserializer).map(Self)
    }
}

struct IntegerVisitor<T>(PhantomData<T>);

impl<T: TryFrom<i128>> Visitor<'_> for IntegerVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an integer, as a number or a decimal string")
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<T, E> {
        within_range(number.into())
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<T, E> {
        within_range(number.into())
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<T, E> {
        if number.fract() != 0.0 || !number.is_finite() {
            return Err(E::custom(format_args!("{number} is not an integer")));
        }
        // Saturates far outside every 64-bit type.
        within_range(number as i128)
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        match text.parse::<i128>() {
            Ok(number) => within_range(number),
            Err(_) => Err(E::custom(format_args!("{text:?} is not an integer"))),
        }
    }
}

fn within_range<T: TryFrom<i128>, E: Error>(number: i128) -> Result<T, E> {
    T::try_from(number).map_err(|_| E::custom(format_args!("{number} is out of range")))
}

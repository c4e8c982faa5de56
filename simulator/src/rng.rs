//! Repeatable random numbers: a seed gives the same numbers in every version of this program.
//!
//! The generator is PCG-XSH-RR 64/32, whose output is fixed by its definition. Everything drawn from it is computed here, so
//! that no update of a library can change it.

use rand_pcg::Pcg32;
use rand_pcg::rand_core::Rng as _;

/// One stream of random numbers.
#[derive(Debug)]
pub(crate) struct Rng(Pcg32);

impl Rng {
    /// A stream of a seed. The streams of a seed are independent of each other.
    pub(crate) fn new(seed: u64, stream: u64) -> Self {
        // Neighbouring streams of one seed start alike, so their initial states are spread.
        Self(Pcg32::new(seed.wrapping_add(stream.wrapping_mul(0x9e37_79b9_7f4a_7c15)), stream))
    }

    /// A whole number from 0 up to, but not including, `end`; 0 when `end` is 0.
    pub(crate) fn below(&mut self, end: u32) -> u32 {
        // The upper half of the product is evenly distributed, as far as 32 bits allow.
        let product = u64::from(self.0.next_u32()) * u64::from(end);
        u32::try_from(product >> 32).unwrap_or(0)
    }

    /// A number from `low` up to, but not including, `high`.
    pub(crate) fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * f64::from(self.0.next_u32()) / 4_294_967_296.0
    }

    /// True `percent` times in a hundred.
    pub(crate) fn chance(&mut self, percent: u32) -> bool {
        self.below(100) < percent
    }

    pub(crate) fn pick<T: Copy>(&mut self, all: &[T]) -> Option<T> {
        let at = self.below(u32::try_from(all.len()).unwrap_or(u32::MAX));
        all.get(usize::try_from(at).unwrap_or(0)).copied()
    }

    /// So many hexadecimal digits.
    pub(crate) fn hex(&mut self, digits: usize) -> String {
        (0..digits).filter_map(|_| char::from_digit(self.below(16), 16)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_numbers_of_a_seed_never_change() {
        let mut rng = Rng::new(42, 54);
        assert_eq!(rng.hex(8), "858a7772");
        assert_eq!([rng.below(100), rng.below(100), rng.below(6)], [37, 2, 1]);
    }

    #[test]
    fn numbers_stay_within_their_range() {
        let mut rng = Rng::new(1, 1);
        for _ in 0..10_000 {
            assert!(rng.below(6) < 6);
            assert!((2.0..3.0).contains(&rng.between(2.0, 3.0)));
        }
        assert_eq!((rng.below(0), rng.pick::<u8>(&[])), (0, None));
        assert!(!rng.chance(0) && rng.chance(100));
    }
}

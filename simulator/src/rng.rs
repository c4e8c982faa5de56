//! Chance that repeats itself: the same seed gives the same draws in every version of this program.
//!
//! The generator is PCG-XSH-RR 64/32, whose output is fixed by its definition. What is drawn out of its numbers is computed
//! here, so that no library can change it.

use rand_pcg::Pcg32;
use rand_pcg::rand_core::Rng as _;

/// One stream of draws.
#[derive(Debug)]
pub(super) struct Rng(Pcg32);

impl Rng {
    /// The stream of this number under this seed; streams do not depend on each other.
    pub(super) fn new(seed: u64, stream: u64) -> Self {
        // Neighbouring streams of one seed begin alike; their starts are spread over all states.
        Self(Pcg32::new(seed.wrapping_add(stream.wrapping_mul(0x9e37_79b9_7f4a_7c15)), stream))
    }

    /// A whole number below `end`, or 0 where that is 0.
    pub(super) fn below(&mut self, end: u32) -> u32 {
        // The upper half of the product: as even as 32 bits allow, and without a division.
        let product = u64::from(self.0.next_u32()) * u64::from(end);
        u32::try_from(product >> 32).unwrap_or(0)
    }

    /// A number from `low` up to, but not including, `high`.
    pub(super) fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * f64::from(self.0.next_u32()) / 4_294_967_296.0
    }

    /// Whether something happens that does so `percent` times in a hundred.
    pub(super) fn chance(&mut self, percent: u32) -> bool {
        self.below(100) < percent
    }

    /// One of `all`.
    pub(super) fn pick<T: Copy>(&mut self, all: &[T]) -> Option<T> {
        let at = self.below(u32::try_from(all.len()).unwrap_or(u32::MAX));
        all.get(usize::try_from(at).unwrap_or(0)).copied()
    }

    /// This many hexadecimal digits.
    pub(super) fn hex(&mut self, digits: usize) -> String {
        (0..digits).filter_map(|_| char::from_digit(self.below(16), 16)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_draws_of_a_seed_never_change() {
        let mut rng = Rng::new(42, 54);
        assert_eq!(rng.hex(8), "858a7772");
        assert_eq!([rng.below(100), rng.below(100), rng.below(6)], [37, 2, 1]);
    }

    #[test]
    fn draws_stay_within_their_range() {
        let mut rng = Rng::new(1, 1);
        for _ in 0..10_000 {
            assert!(rng.below(6) < 6);
            assert!((2.0..3.0).contains(&rng.between(2.0, 3.0)));
        }
        assert_eq!((rng.below(0), rng.pick::<u8>(&[])), (0, None));
        assert!(!rng.chance(0) && rng.chance(100));
    }
}

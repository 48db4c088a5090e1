use std::{fmt, time::Duration};

use crate::InvalidValue;

/// How often each latency occurred, in buckets whose width grows with the latency: 32 of a microsecond each, then 16 for each
/// power of two, up to 71 minutes, where longer ones are counted, too. A [`percentile`](Self::percentile) is the middle of a
/// bucket, and so at most 3.2 % away from a latency that occurred.
#[derive(Clone, PartialEq, Eq)]
pub struct LatencyHistogram(Box<[u64; BUCKETS]>);

/// How many bits of a latency tell its bucket, without the first one.
const BITS: u32 = 4;
/// Up to this power of two, each microsecond has a bucket of its own.
const EXACT: u32 = BITS + 1;
const BUCKETS: usize = (1 << EXACT) + ((32 - EXACT) << BITS) as usize;

impl LatencyHistogram {
    /// The greatest number of bytes of [`to_bytes`](Self::to_bytes).
    pub const MAX_BYTES: usize = BUCKETS * 11 + 1;

    /// Counts a latency.
    pub fn record(&mut self, latency: Duration) {
        let count = &mut self.0[bucket(latency)];
        *count = count.saturating_add(1);
    }

    /// Adds the latencies of another histogram.
    pub fn add(&mut self, other: &Self) {
        for (count, other) in self.0.iter_mut().zip(&*other.0) {
            *count = count.saturating_add(*other);
        }
    }

    /// The number of latencies.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.0.iter().fold(0, |total, count| total.saturating_add(*count))
    }

    /// The latency that this percentage of all latencies does not exceed; `None` without any.
    #[must_use]
    pub fn percentile(&self, percent: u8) -> Option<Duration> {
        let rank = (u128::from(self.total()) * u128::from(percent)).div_ceil(100).max(1);
        let mut seen = 0;
        let is_reached = |count: &u64| {
            seen += u128::from(*count);
            seen >= rank
        };
        self.0.iter().position(is_reached).map(|bucket| Duration::from_micros(middle(bucket)))
    }

    /// The bytes that [`from_bytes`](Self::from_bytes) reads: for each bucket that is not empty its distance from the previous
    /// one and its count, both in base 128, the lowest digit first (LEB128).
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let (mut bytes, mut next) = (Vec::new(), 0);
        for (bucket, count) in self.0.iter().enumerate().filter(|(_, count)| **count > 0) {
            write((bucket - next) as u64, &mut bytes);
            write(*count, &mut bytes);
            next = bucket + 1;
        }
        bytes
    }

    /// Reads what [`to_bytes`](Self::to_bytes) wrote.
    ///
    /// # Errors
    /// [`InvalidValue::Malformed`] for anything else.
    pub fn from_bytes(mut bytes: &[u8]) -> Result<Self, InvalidValue> {
        let (mut histogram, mut next) = (Self::default(), 0_usize);
        while !bytes.is_empty() {
            let distance = usize::try_from(read(&mut bytes)?).map_err(|_| InvalidValue::Malformed)?;
            let bucket = next.saturating_add(distance);
            *histogram.0.get_mut(bucket).ok_or(InvalidValue::Malformed)? = read(&mut bytes)?;
            next = bucket + 1;
        }
        Ok(histogram)
    }
}

impl Default for LatencyHistogram {
    fn default() -> Self {
        Self(Box::new([0; BUCKETS]))
    }
}

impl fmt::Debug for LatencyHistogram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let filled = self.0.iter().enumerate().filter(|(_, count)| **count > 0);
        f.debug_map().entries(filled.map(|(bucket, count)| (middle(bucket), count))).finish()
    }
}

fn bucket(latency: Duration) -> usize {
    let micros = u32::try_from(latency.as_micros()).unwrap_or(u32::MAX);
    let Some(power) = micros.checked_ilog2().filter(|power| *power >= EXACT) else { return micros as usize };
    let digits = (micros >> (power - BITS)) & ((1 << BITS) - 1);
    ((1 << EXACT) + ((power - EXACT) << BITS) + digits) as usize
}

/// The latency in the middle of a bucket, in microseconds.
fn middle(bucket: usize) -> u64 {
    let bucket = bucket as u64;
    let Some(coarse) = bucket.checked_sub(1 << EXACT) else { return bucket };
    let shift = (coarse >> BITS) + 1;
    let digits = (1 << BITS) + (coarse & ((1 << BITS) - 1));
    (digits << shift) + (1 << (shift - 1))
}

fn write(mut number: u64, bytes: &mut Vec<u8>) {
    while number > 0x7f {
        bytes.push(u8::try_from(number & 0x7f).unwrap_or(0) | 0x80);
        number >>= 7;
    }
    bytes.push(u8::try_from(number).unwrap_or(0));
}

fn read(bytes: &mut &[u8]) -> Result<u64, InvalidValue> {
    let mut number = 0;
    for shift in (0..u64::BITS).step_by(7) {
        let (first, rest) = bytes.split_first().ok_or(InvalidValue::Malformed)?;
        *bytes = rest;
        number |= u64::from(first & 0x7f) << shift;
        if first & 0x80 == 0 {
            return Ok(number);
        }
    }
    Err(InvalidValue::Malformed)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn histogram(latencies: impl IntoIterator<Item = u64>) -> LatencyHistogram {
        let mut histogram = LatencyHistogram::default();
        latencies.into_iter().for_each(|micros| histogram.record(Duration::from_micros(micros)));
        histogram
    }

    proptest! {
        #[test]
        fn a_latency_is_at_most_3_2_percent_away_from_the_middle_of_its_bucket(micros in 0..=u64::from(u32::MAX)) {
            let middle = middle(bucket(Duration::from_micros(micros)));
            prop_assert!(middle.abs_diff(micros) * 1_000 <= micros * 32, "{} instead of {}", middle, micros);
        }

        #[test]
        fn bytes_read_back_equal(latencies in prop::collection::vec(0..10_000_000_u64, 0..50)) {
            let histogram = histogram(latencies);
            prop_assert_eq!(LatencyHistogram::from_bytes(&histogram.to_bytes()), Ok(histogram));
        }

        #[test]
        fn reading_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..30)) {
            let _ = LatencyHistogram::from_bytes(&bytes);
        }
    }

    #[test]
    fn buckets_follow_each_other() {
        let mut last = 0;
        for micros in 0..100_000 {
            let bucket = bucket(Duration::from_micros(micros));
            assert!(bucket == last || bucket == last + 1, "{micros}");
            last = bucket;
        }
        assert_eq!(bucket(Duration::from_micros(u64::from(u32::MAX))), BUCKETS - 1);
        assert_eq!(bucket(Duration::MAX), BUCKETS - 1);
    }

    #[test]
    fn percentiles_are_those_of_the_latencies() {
        let known = histogram((1..=1_000).map(|millis| millis * 1_000));
        for (percent, millis) in [(0, 1_u64), (1, 10), (50, 500), (99, 990), (100, 1_000)] {
            let found = known.percentile(percent).expect("latencies").as_micros();
            assert!(
                found.abs_diff(u128::from(millis * 1_000)) * 1_000 <= u128::from(millis * 1_000) * 32,
                "{percent}: {found}"
            );
        }
        // Exact, up to 32 µs.
        let small = histogram([7; 98].into_iter().chain([9, 31]));
        assert_eq!(
            [50, 98, 99, 100].map(|percent| small.percentile(percent)),
            [7, 7, 9, 31].map(|micros| Some(Duration::from_micros(micros)))
        );
        assert_eq!(LatencyHistogram::default().percentile(50), None);
    }

    #[test]
    fn added_histograms_have_the_latencies_of_both() {
        let (one, other) = (histogram(0..500), histogram((300..900).map(|micros| micros * 7)));
        let mut sum = one.clone();
        sum.add(&other);
        assert_eq!(sum, histogram((0..500).chain((300..900).map(|micros| micros * 7))));
        assert_eq!(sum.total(), 1_100);
    }

    #[test]
    fn bytes_are_few_and_bounded() {
        assert_eq!(LatencyHistogram::default().to_bytes(), []);
        assert_eq!(histogram([3, 3, 4]).to_bytes(), [3, 2, 0, 1]);
        let full = LatencyHistogram(Box::new([u64::MAX; BUCKETS]));
        assert!(full.to_bytes().len() <= LatencyHistogram::MAX_BYTES);
        assert_eq!(LatencyHistogram::from_bytes(&full.to_bytes()), Ok(full));
        for bytes in [&[0x80][..], &[0], &[0xff; 11], &[0xd0, 0x03, 1]] {
            assert_eq!(LatencyHistogram::from_bytes(bytes), Err(InvalidValue::Malformed), "{bytes:?}");
        }
    }
}

//! Band keys: the rows of a signature hashed band by band.

use xxhash_rust::xxh3::xxh3_64_with_seed;

/// Hand the key of every band of one signature to `each(band, key)`.
///
/// A key is the low 32 bits of `xxh3_64` over the band's values as little-endian bytes, seeded with the
/// band's number.
pub fn band_keys(
    signature: &[u32],
    bands: usize,
    rows: usize,
    scratch: &mut Vec<u8>,
    mut each: impl FnMut(usize, u32),
) {
    scratch.clear();
    scratch.extend(signature[..bands * rows].iter().flat_map(|value| value.to_le_bytes()));
    for (band, bytes) in scratch.chunks_exact(4 * rows).enumerate() {
        each(band, xxh3_64_with_seed(bytes, band as u64) as u32);
    }
}

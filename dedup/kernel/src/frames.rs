//! Texts at rest: zstd frames, with a dictionary or with the text of an original; see `dedup/index/texts.py`.

use zstd_safe::{CCtx, CDict, CParameter, SafeResult, compress_bound};

/// In front of the frame of a copy. Other frames begin with zstd's magic number, 28 B5 2F FD.
const COPY: u8 = 1;

/// Level of copies: nearly all of one is a match with its original, whatever the level.
const COPY_LEVEL: i32 = 1;

/// Makes frames, with a dictionary if there is one.
pub struct Compressor {
    level: i32,
    dictionary: Option<CDict<'static>>,
}

impl Compressor {
    pub fn new(level: i32, dictionary: Option<&[u8]>) -> Self {
        Compressor { level, dictionary: dictionary.map(|bytes| CDict::create(bytes, level)) }
    }
}

/// Working memory of one thread, made when it is needed.
#[derive(Default)]
pub struct Contexts<'a> {
    plain: Option<CCtx<'a>>,
    copies: Option<CCtx<'a>>,
    frame: Vec<u8>,
}

impl<'a> Contexts<'a> {
    /// Put the frame of a text at the end of `out`; nothing for an empty one.
    ///
    /// # Panics
    /// When zstd runs out of memory.
    pub fn append(
        &mut self,
        compressor: &'a Compressor,
        text: &[u8],
        original: Option<&'a [u8]>,
        out: &mut Vec<u8>,
    ) {
        if text.is_empty() {
            return;
        }
        let context = match original {
            None => self.plain.get_or_insert_with(|| {
                let mut context = with_level(compressor.level);
                if let Some(dictionary) = &compressor.dictionary {
                    done(context.ref_cdict(dictionary));
                }
                context
            }),
            Some(original) => {
                let context = self.copies.get_or_insert_with(|| with_level(COPY_LEVEL));
                done(context.ref_prefix(original));
                out.push(COPY);
                context
            }
        };
        self.frame.clear();
        self.frame.reserve(compress_bound(text.len()));
        done(context.compress2(&mut self.frame, text));
        out.extend_from_slice(&self.frame);
    }
}

fn with_level<'a>(level: i32) -> CCtx<'a> {
    let mut context = CCtx::create();
    done(context.set_parameter(CParameter::CompressionLevel(level)));
    context
}

/// There is room for the result, so nothing but a lack of memory is left to go wrong.
fn done(result: SafeResult) {
    if let Err(code) = result {
        panic!("{}", zstd_safe::get_error_name(code));
    }
}

#[cfg(test)]
mod tests {
    use zstd_safe::DCtx;

    use super::*;

    fn text(seed: usize) -> Vec<u8> {
        (0..400).flat_map(|i| format!("w{} ", i * seed % 977).into_bytes()).collect()
    }

    #[test]
    fn frames_are_read_again() {
        let dictionary = text(7);
        for compressor in [Compressor::new(2, None), Compressor::new(2, Some(&dictionary))] {
            let (original, mut contexts) = (text(3), Contexts::default());
            let copy = [&original[..900], b"changed", &original[900..]].concat();
            let (mut own, mut other, mut nothing) = (Vec::new(), Vec::new(), Vec::new());
            contexts.append(&compressor, &original, None, &mut own);
            contexts.append(&compressor, &copy, Some(&original), &mut other);
            contexts.append(&compressor, b"", Some(&original), &mut nothing);
            assert!(nothing.is_empty());
            assert_eq!(own[..4], [0x28, 0xb5, 0x2f, 0xfd]);
            assert_eq!(other[0], COPY);
            assert!(other.len() < 60, "{}", other.len());

            let mut context = DCtx::create();
            let mut plain = Vec::with_capacity(original.len());
            if compressor.dictionary.is_some() {
                context.load_dictionary(&dictionary).unwrap();
            }
            context.decompress(&mut plain, &own).unwrap();
            assert_eq!(plain, original);
            let mut context = DCtx::create();
            let mut plain = Vec::with_capacity(copy.len());
            context.ref_prefix(&original).unwrap();
            context.decompress(&mut plain, &other[1..]).unwrap();
            assert_eq!(plain, copy);
        }
    }
}

//! Texts at rest: zstd frames, with a dictionary or with the text of an original; see `dedup/index/texts.py`.

use std::sync::Mutex;

use zstd_safe::{CCtx, CParameter, ParamSwitch, SafeResult, Strategy, compress_bound};

/// In front of the frame of a copy. Other frames begin with zstd's magic number, 28 B5 2F FD.
const COPY: u8 = 1;

/// Level of texts without a dictionary.
const LEVEL: i32 = 2;

/// Level of copies: nearly all of one is a match with its original, whatever the level.
const COPY_LEVEL: i32 = 1;

/// With a dictionary: matches of at least 6 bytes, sought at every other byte. An article of 4 kB takes three quarters of
/// the time of level 2, where they have 5 and begin at any, and 4% more room.
const WITH_DICTIONARY: [CParameter; 5] = [
    CParameter::Strategy(Strategy::ZSTD_fast),
    CParameter::HashLog(16),
    CParameter::MinMatch(6),
    CParameter::TargetLength(2),
    CParameter::LiteralCompressionMode(ParamSwitch::Enable),
];

/// Makes frames, with a dictionary if there is one.
pub struct Compressor {
    dictionary: Option<Vec<u8>>,
    /// Contexts that nobody uses: each reads the dictionary when it is first used.
    free: Mutex<Vec<CCtx<'static>>>,
}

impl Compressor {
    pub fn new(dictionary: Option<&[u8]>) -> Self {
        Compressor { dictionary: dictionary.map(<[u8]>::to_vec), free: Mutex::default() }
    }

    fn context(&self) -> CCtx<'static> {
        let mut context = with_level(LEVEL);
        if let Some(dictionary) = &self.dictionary {
            for parameter in WITH_DICTIONARY {
                done(context.set_parameter(parameter));
            }
            done(context.load_dictionary(dictionary));
        }
        context
    }
}

/// Working memory of one thread.
pub struct Contexts<'a> {
    compressor: &'a Compressor,
    /// It is there until the end, when the compressor gets it back.
    plain: Option<CCtx<'static>>,
    copies: Option<CCtx<'a>>,
    frame: Vec<u8>,
}

impl Drop for Contexts<'_> {
    fn drop(&mut self) {
        if let Ok(mut free) = self.compressor.free.lock() {
            free.extend(self.plain.take());
        }
    }
}

impl<'a> Contexts<'a> {
    pub fn new(compressor: &'a Compressor) -> Self {
        let free = compressor.free.lock().expect("no holder of the lock panics").pop();
        let plain = Some(free.unwrap_or_else(|| compressor.context()));
        Contexts { compressor, plain, copies: None, frame: Vec::new() }
    }

    /// Put the frame of a text at the end of `out`; nothing for an empty one.
    ///
    /// # Panics
    /// When zstd runs out of memory.
    pub fn append(&mut self, text: &[u8], original: Option<&'a [u8]>, out: &mut Vec<u8>) {
        if text.is_empty() {
            return;
        }
        self.frame.clear();
        self.frame.reserve(compress_bound(text.len()));
        if let Some(original) = original {
            let context = self.copies.get_or_insert_with(|| with_level(COPY_LEVEL));
            done(context.ref_prefix(original));
            done(context.compress2(&mut self.frame, text));
            out.push(COPY);
        } else {
            let context = self.plain.as_mut().expect("it is there until the end");
            done(context.compress2(&mut self.frame, text));
        }
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
        for compressor in [Compressor::new(None), Compressor::new(Some(&dictionary))] {
            let (original, mut contexts) = (text(3), Contexts::new(&compressor));
            let copy = [&original[..900], b"changed", &original[900..]].concat();
            let (mut own, mut other, mut nothing) = (Vec::new(), Vec::new(), Vec::new());
            contexts.append(&original, None, &mut own);
            contexts.append(&copy, Some(&original), &mut other);
            contexts.append(b"", Some(&original), &mut nothing);
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

//! The hashing core, stage by stage and at each instruction set of this machine: `cargo bench`.
//!
//! Throughput is in bytes of raw text, so that stages add up; `cargo bench tokenize` measures one. `cargo test` runs
//! every stage once, and each checks what it gives.

use _kernel::bands::band_keys;
use _kernel::json::{Fields, lift};
use _kernel::level::Level;
use _kernel::sets::{Sorter, shared_at_least};
use _kernel::shingles::Shingling;
use _kernel::sign::Permutations;
use _kernel::tokens::Tokens;
use divan::Bencher;
use divan::counter::BytesCount;

fn main() {
    divan::main();
}

/// So many that the processor does not come to know the branches of each: on 64, some code seems a third faster.
const ARTICLES: usize = 512;
const WORDS: usize = 620;
const SIZE: usize = 5;
const SHINGLING: Shingling = Shingling::Words(SIZE);
const SHINGLES: usize = ARTICLES * (WORDS - SIZE + 1);

/// Numbers that look random, always the same ones (Steele, Lea and Flood 2014, SplitMix).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let z = (self.0 ^ self.0 >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let z = (z ^ z >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ z >> 31
    }
}

/// Articles of made-up words, with lengths, capitals and punctuation as in prose.
fn articles() -> Vec<String> {
    const SYLLABLES: [&str; 8] = ["ra", "ten", "lo", "mis", "ku", "a", "del", "fo"];
    let mut random = Random(1);
    let mut article = |_| {
        let mut text = String::new();
        for number in 0..WORDS {
            let (first, mut dice) = (text.len(), random.next());
            for _ in 0..1 + dice % 4 {
                dice >>= 3;
                text.push_str(SYLLABLES[(dice & 7) as usize]);
            }
            match number % 12 {
                0 => text[first..=first].make_ascii_uppercase(),
                5 => text.push(','),
                7 if number % 84 == 7 => text.push('’'),
                11 => text.push_str(if number % 60 == 59 { ".\n" } else { "." }),
                _ => {}
            }
            text.push(' ');
        }
        text
    };
    (0..ARTICLES).map(&mut article).collect()
}

/// How many bytes the articles have.
fn bytes(articles: &[String]) -> BytesCount {
    BytesCount::new(articles.iter().map(String::len).sum::<usize>())
}

/// The shingle hashes of each article.
fn shingled(articles: &[String]) -> Vec<Vec<u64>> {
    let mut tokens = Tokens::default();
    let mut shingle = |text: &String| {
        let mut hashes = Vec::new();
        tokens.read(text);
        SHINGLING.hash(&tokens, &mut hashes);
        hashes
    };
    articles.iter().map(&mut shingle).collect()
}

/// As many permutations, at a level.
fn permutations(values: usize, level: Level) -> Permutations {
    let mut random = Random(2);
    let mut draw = |odd: u32| (0..values).map(|_| random.next() as u32 | odd).collect::<Vec<u32>>();
    Permutations::new(&draw(1), &draw(0), level)
}

#[divan::bench]
fn scan(bencher: Bencher) {
    let articles = articles();
    let lines: Vec<String> = articles
        .iter()
        .map(|text| format!("{{\"id\": 1, \"text\": \"{}\"}}", text.replace('\n', "\\n")))
        .collect();
    let fields = Fields::new(&["text"], &[]);
    bencher.counter(bytes(&articles)).bench_local(|| {
        let mut lifted = Vec::new();
        for (line, text) in lines.iter().zip(&articles) {
            lifted.clear();
            assert!(lift(line.as_bytes(), &fields, &mut lifted).is_ok());
            assert_eq!(lifted.len(), text.len());
        }
    });
}

#[divan::bench(args = Level::available())]
fn tokenize(bencher: Bencher, level: Level) {
    let articles = articles();
    let mut tokens = Tokens::at(level);
    bencher.counter(bytes(&articles)).bench_local(|| {
        for text in &articles {
            tokens.read(text);
            assert_eq!(tokens.count(), WORDS);
        }
    });
}

#[divan::bench(args = Level::available())]
fn shingle(bencher: Bencher, level: Level) {
    let articles = articles();
    let tokens: Vec<Tokens> = articles
        .iter()
        .map(|text| {
            let mut tokens = Tokens::at(level);
            tokens.read(text);
            tokens
        })
        .collect();
    let mut hashes = Vec::new();
    bencher.counter(bytes(&articles)).bench_local(|| {
        let mut count = 0;
        for tokens in &tokens {
            hashes.clear();
            SHINGLING.hash(tokens, &mut hashes);
            count += hashes.len();
        }
        assert_eq!(count, SHINGLES);
    });
}

#[divan::bench(args = Level::available(), consts = [64, 128, 256, 512])]
fn sign<const VALUES: usize>(bencher: Bencher, level: Level) {
    let articles = articles();
    let shingles = shingled(&articles);
    let (slow, fast) = (permutations(VALUES, Level::Baseline), permutations(VALUES, level));
    let (mut mixed, mut expected, mut signature) = (Vec::new(), vec![0; VALUES], vec![0; VALUES]);
    slow.sign(&shingles[ARTICLES - 1], &mut mixed, &mut expected);
    bencher.counter(bytes(&articles)).bench_local(|| {
        for hashes in &shingles {
            fast.sign(hashes, &mut mixed, &mut signature);
        }
        assert_eq!(signature, expected);
    });
}

#[divan::bench]
fn band(bencher: Bencher) {
    let mut random = Random(3);
    let signature: Vec<u32> = (0..128).map(|_| random.next() as u32).collect();
    let mut scratch = Vec::new();
    bencher.bench_local(|| {
        let mut count = 0;
        band_keys(&signature, 35, 3, &mut scratch, |_, _| count += 1);
        assert_eq!(count, 35);
    });
}

#[divan::bench]
fn sort(bencher: Bencher) {
    let articles = articles();
    let shingles = shingled(&articles);
    let (mut sorter, mut set) = (Sorter::default(), Vec::new());
    bencher.counter(bytes(&articles)).bench_local(|| {
        for hashes in &shingles {
            set.clear();
            sorter.append_unique(hashes, &mut set);
            assert!(set.is_sorted());
        }
    });
}

/// One article against itself with its last fifth replaced.
#[divan::bench]
fn verify(bencher: Bencher) {
    let shingles = shingled(&articles());
    let (a, b) = (&shingles[0], &shingles[1]);
    let edited: Vec<u64> = a[..a.len() * 4 / 5].iter().chain(&b[..a.len() / 5]).copied().collect();
    let (mut sorter, mut first, mut second) = (Sorter::default(), Vec::new(), Vec::new());
    sorter.append_unique(a, &mut first);
    sorter.append_unique(&edited, &mut second);
    let common = first.iter().filter(|hash| second.binary_search(hash).is_ok()).count();
    bencher.bench_local(|| assert_eq!(shared_at_least(&first, &second, 1), Some(common)));
}

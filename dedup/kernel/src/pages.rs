//! Room for large buffers, and giving memory back.

/// From here on large pages are asked for, as NumPy does: the C library returns larger buffers than 32 MB to the system
/// when they are let go, and new pages of 4 kB take longer to get than to fill.
const LARGE: usize = 4 << 20;

/// An empty vector with room for some bytes.
pub fn room(bytes: usize) -> Vec<u8> {
    let buffer = Vec::with_capacity(bytes);
    if bytes >= LARGE {
        advise(&buffer);
    }
    buffer
}

/// Ask the system for large pages under the room of a buffer; it may have none.
#[cfg(target_os = "linux")]
fn advise(buffer: &Vec<u8>) {
    const PAGE: usize = 4096;
    let start = buffer.as_ptr().addr().next_multiple_of(PAGE);
    let end = (buffer.as_ptr().addr() + buffer.capacity()) / PAGE * PAGE;
    let skipped = start - buffer.as_ptr().addr();
    // SAFETY: the range lies within the buffer, and the advice changes nothing that can be seen.
    unsafe {
        libc::madvise(buffer.as_ptr().add(skipped).cast_mut().cast(), end - start, libc::MADV_HUGEPAGE);
    }
}

#[cfg(not(target_os = "linux"))]
fn advise(_: &Vec<u8>) {}

/// Give the system back what was let go. The C library keeps it, of each thread's buffers, for the next ones of a like size.
pub fn give_back() {
    #[cfg(all(target_os = "linux", target_env = "gnu"))]
    // SAFETY: it may be called at any time, and touches no memory that is in use.
    unsafe {
        libc::malloc_trim(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_room() {
        for bytes in [0, 100, LARGE, LARGE + 5000] {
            let mut buffer = room(bytes);
            assert!(buffer.is_empty() && buffer.capacity() >= bytes);
            buffer.resize(bytes, 7);
            assert!(buffer.iter().all(|&byte| byte == 7));
        }
    }
}

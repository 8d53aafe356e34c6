//! Examines the WAL on the disk, in SQLite's format (<https://sqlite.org/fileformat2.html#walformat>), before SQLite opens
//! it. SQLite replays a WAL up to its first bad frame, and ignores all of it if its header is bad, without an error. That is
//! right after a power cut, but corruption in the middle of a WAL takes acknowledged commits with it.
//!
//! What proves that a commit is lost: each commit is synced before the next one begins, and each frame's checksum
//! continues that of the frame before it. A frame that continues a commit's last frame was written after that commit was on
//! the disk; if that commit is at or behind the first bad frame, SQLite would drop it. A power cut leaves bad frames only
//! in the last commit, which nothing continues; corruption of those frames cannot be distinguished from a power cut.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufReader, Read as _, Seek as _, SeekFrom};
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use super::paths::beside;

const HEADER: usize = 32;
const FRAME_HEADER: usize = 24;

/// Attempts to examine a WAL that another process restarts at the same time.
const ATTEMPTS: usize = 5;

/// Examines the WAL of the file at `path`, if it has one. Returns what SQLite would lose, or `None` if no commit is lost.
/// No connection of this process may be open: closing the file here would drop its locks.
pub fn examine(path: &Path) -> io::Result<Option<String>> {
    let wal_path = beside(path, "-wal");
    let wal = match File::open(&wal_path) {
        Ok(wal) => wal,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    for _ in 0..ATTEMPTS {
        let Some(header) = read_header(&wal)? else {
            return Ok(None);
        };
        let lost = match Header::parse(&header) {
            Some(header) => commits_behind_bad_frame(&wal, &header, page_size(path)?)?,
            None => commits_without_header(&wal, &File::open(path)?, page_size(path)?)?,
        };
        // If the header has changed, another process has restarted the WAL meanwhile.
        if read_header(&wal)? == Some(header) {
            let name = wal_path.display();
            return Ok(lost.map(|what| format!("the WAL {name} is corrupt: {what}")));
        }
    }
    Ok(None)
}

fn read_header(wal: &File) -> io::Result<Option<[u8; HEADER]>> {
    let mut header = [0; HEADER];
    match wal.read_exact_at(&mut header, 0) {
        Ok(()) => Ok(Some(header)),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
        Err(error) => Err(error),
    }
}

/// The page size of the database according to its first page; `None` if that is not a valid size.
fn page_size(path: &Path) -> io::Result<Option<usize>> {
    let mut size = [0; 2];
    match File::open(path)?.read_exact_at(&mut size, 16) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        Err(error) => return Err(error),
    }
    // 65536 does not fit and is stored as 1.
    let size = match usize::from(u16::from_be_bytes(size)) {
        1 => 65_536,
        size => size,
    };
    Ok(is_page_size(size).then_some(size))
}

fn is_page_size(size: usize) -> bool {
    size.is_power_of_two() && (512..=65_536).contains(&size)
}

/// Looks for commits behind the first bad frame.
fn commits_behind_bad_frame(wal: &File, header: &Header, page_size: Option<usize>) -> io::Result<Option<String>> {
    let mut frames = Frames::of(wal, header.page_size)?;
    let mut before = Before::header(header.sum);
    let mut first_bad = None;
    while let Some(frame) = frames.next()? {
        let from_stored = frames.sum(header.order, before.stored);
        let authentic = match before.computed == before.stored {
            true => frame.sum == from_stored,
            false => frame.sum == frames.sum(header.order, before.computed),
        };
        let follows = frame.salts == header.salts && (frame.sum == from_stored || authentic);
        if let Some(bad) = first_bad
            && follows
            && before.number >= bad
            && (before.is_commit || authentic && before.ends_commit)
        {
            return Ok(Some(format!(
                "frame {bad} is bad, but the commit that ends with frame {} was synced before the frames that follow it",
                before.number
            )));
        }
        let is_valid = frame.page != 0 && frame.salts == header.salts && frame.sum == from_stored;
        if first_bad.is_none() && !is_valid {
            first_bad = Some(frame.number);
        } else if first_bad.is_none() && frame.size_after != 0 && page_size != Some(header.page_size) {
            return Ok(Some(format!(
                "its page size is {} bytes, and that of the database is {}",
                header.page_size,
                page_size.unwrap_or_default()
            )));
        }
        before = Before {
            number: frame.number,
            stored: frame.sum,
            computed: from_stored,
            ends_commit: frame.size_after != 0,
            is_commit: frame.size_after != 0 && follows,
        };
    }
    Ok(None)
}

/// What the next frame is compared with.
struct Before {
    number: u64,
    /// The checksum that it has, and the one that it should have.
    stored: Sum,
    computed: Sum,
    /// Whether it claims to end a commit.
    ends_commit: bool,
    /// Whether its checksum confirms that: a power cut can leave a frame header of two writes, with the page count of an
    /// older commit and the checksum of a later frame.
    is_commit: bool,
}

impl Before {
    fn header(sum: Sum) -> Self {
        Before {
            number: 0,
            stored: sum,
            computed: sum,
            ends_commit: false,
            is_commit: false,
        }
    }
}

/// Looks for commits in a WAL without a valid header. SQLite syncs a new header before the first frame after it, and
/// overwrites one only when all of the WAL is in the file: either nothing is lost, and the file has each page as the WAL
/// has it, or the header was corrupted later.
fn commits_without_header(wal: &File, database: &File, page_size: Option<usize>) -> io::Result<Option<String>> {
    // Without a page size SQLite will refuse the file.
    let Some(page_size) = page_size else {
        return Ok(None);
    };
    let (committed, size) = last_versions(wal, page_size)?;
    let (mut logged, mut filed) = (vec![0; page_size], vec![0; page_size]);
    for (page, frame) in committed {
        let offset_in_file = u64::from(page - 1) * (page_size as u64);
        wal.read_exact_at(&mut logged, offset(frame, page_size) + FRAME_HEADER as u64)?;
        let read = database.read_exact_at(&mut filed, offset_in_file);
        if page <= size && (read.is_err() || logged != filed) {
            return Ok(Some(format!(
                "its header is bad, and the database does not have page {page} as the commit in frame {frame} left it"
            )));
        }
    }
    Ok(None)
}

/// The last committed frame of each page, in page order, and the size of the database after it in pages, according to
/// the frames that continue each other from the first.
fn last_versions(wal: &File, page_size: usize) -> io::Result<(Vec<(u32, u64)>, u32)> {
    let mut frames = Frames::of(wal, page_size)?;
    let (mut committed, mut pending, mut size) = (HashMap::new(), Vec::new(), 0);
    let mut before: Option<Frame> = None;
    while let Some(frame) = frames.next()? {
        if let Some(before) = before {
            let follows = |order| frame.sum == frames.sum(order, before.sum);
            if frame.salts != before.salts || !(follows(Order::Little) || follows(Order::Big)) {
                break;
            }
        }
        pending.push((frame.page, frame.number));
        if frame.size_after != 0 {
            committed.extend(pending.drain(..));
            size = frame.size_after;
        }
        // A frame without a page number is not valid; the next one may be.
        before = (frame.page != 0).then_some(frame);
    }
    let mut committed: Vec<_> = committed.into_iter().filter(|(page, _)| *page != 0).collect();
    committed.sort_unstable();
    Ok((committed, size))
}

/// The byte order of the words that checksums are computed over.
#[derive(Clone, Copy)]
enum Order {
    Little,
    Big,
}

type Sum = (u32, u32);

/// The checksum of `bytes` that continues `sum`.
fn add(order: Order, sum: Sum, bytes: &[u8]) -> Sum {
    let (words, _) = bytes.as_chunks::<4>();
    let (pairs, _) = words.as_chunks::<2>();
    let word = match order {
        Order::Little => u32::from_le_bytes,
        Order::Big => u32::from_be_bytes,
    };
    pairs.iter().fold(sum, |(one, two), [even, odd]| {
        let one = one.wrapping_add(word(*even)).wrapping_add(two);
        (one, two.wrapping_add(word(*odd)).wrapping_add(one))
    })
}

fn big_endian(bytes: &[u8], at: usize) -> u32 {
    let mut word = [0; 4];
    word.copy_from_slice(&bytes[at..at + 4]);
    u32::from_be_bytes(word)
}

struct Header {
    order: Order,
    page_size: usize,
    salts: (u32, u32),
    sum: Sum,
}

impl Header {
    /// The header, if SQLite accepts it.
    fn parse(bytes: &[u8; HEADER]) -> Option<Self> {
        let order = match big_endian(bytes, 0) {
            0x377f_0682 => Order::Little,
            0x377f_0683 => Order::Big,
            _ => return None,
        };
        let header = Header {
            order,
            page_size: usize::try_from(big_endian(bytes, 8)).ok()?,
            salts: (big_endian(bytes, 16), big_endian(bytes, 20)),
            sum: (big_endian(bytes, 24), big_endian(bytes, 28)),
        };
        let is_whole = add(order, (0, 0), &bytes[..HEADER - 8]) == header.sum;
        (is_whole && is_page_size(header.page_size)).then_some(header)
    }
}

#[derive(Clone, Copy)]
struct Frame {
    /// Counted from 1.
    number: u64,
    page: u32,
    /// In a commit's last frame, the size of the database in pages; otherwise 0.
    size_after: u32,
    salts: (u32, u32),
    sum: Sum,
}

/// The frames of a WAL from its first to its last complete one, one at a time.
struct Frames<'a> {
    input: BufReader<&'a File>,
    number: u64,
    head: [u8; FRAME_HEADER],
    page: Vec<u8>,
}

impl<'a> Frames<'a> {
    fn of(wal: &'a File, page_size: usize) -> io::Result<Self> {
        let mut input = BufReader::with_capacity(1 << 18, wal);
        input.seek(SeekFrom::Start(HEADER as u64))?;
        Ok(Frames {
            input,
            number: 0,
            head: [0; FRAME_HEADER],
            page: vec![0; page_size],
        })
    }

    fn next(&mut self) -> io::Result<Option<Frame>> {
        let read = self.input.read_exact(&mut self.head);
        match read.and_then(|()| self.input.read_exact(&mut self.page)) {
            Ok(()) => {}
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
            Err(error) => return Err(error),
        }
        self.number += 1;
        let head = |at| big_endian(&self.head, at);
        Ok(Some(Frame {
            number: self.number,
            page: head(0),
            size_after: head(4),
            salts: (head(8), head(12)),
            sum: (head(16), head(20)),
        }))
    }

    /// The checksum of the frame that was read last, continuing `sum`.
    fn sum(&self, order: Order, sum: Sum) -> Sum {
        add(order, add(order, sum, &self.head[..8]), &self.page)
    }
}

/// The offset of a frame in the WAL.
fn offset(number: u64, page_size: usize) -> u64 {
    HEADER as u64 + (number - 1) * (FRAME_HEADER + page_size) as u64
}

//! The log as it lies on the disk, in SQLite's format (<https://sqlite.org/fileformat2.html#walformat>), looked at before
//! SQLite opens it. SQLite takes a log up to its first bad frame, and none of it where its header is bad, and says
//! nothing: right after a power cut, but damage in the middle of a log takes commits with it that were acknowledged.
//!
//! What proves that a commit is lost: each is synced before the next one begins, and each frame's checksum goes on from
//! that of the frame before it. A frame that goes on from a commit's last frame was written after that commit was on the
//! disk; where this one is at or beyond the first bad frame, SQLite would drop it. A power cut leaves bad frames only
//! among those of the last commit, of which nothing goes on; so damage to those cannot be told from a power cut.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, BufReader, Read as _, Seek as _, SeekFrom};
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use super::paths::beside;

const HEADER: usize = 32;
const FRAME_HEAD: usize = 24;

/// Looks so often at a log that another process writes to at the same time.
const TRIES: usize = 5;

/// Looks at the log of the file at `path`, if it has one, and tells what was lost; nothing where no commit was. No
/// connection of this process may be open: closing the file here would drop its locks.
pub fn examine(path: &Path) -> io::Result<Option<String>> {
    let log_path = beside(path, "-wal");
    let log = match File::open(&log_path) {
        Ok(log) => log,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    for _ in 0..TRIES {
        let Some(header) = read_header(&log)? else {
            return Ok(None);
        };
        let lost = match Header::parse(&header) {
            Some(header) => behind_damage(&log, &header, page_size(path)?)?,
            None => without_header(&log, &File::open(path)?, page_size(path)?)?,
        };
        // Else another process has begun the log anew meanwhile.
        if read_header(&log)? == Some(header) {
            let name = log_path.display();
            return Ok(lost.map(|what| format!("the log {name} is damaged: {what}")));
        }
    }
    Ok(None)
}

fn read_header(log: &File) -> io::Result<Option<[u8; HEADER]>> {
    let mut header = [0; HEADER];
    match log.read_exact_at(&mut header, 0) {
        Ok(()) => Ok(Some(header)),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(None),
        Err(error) => Err(error),
    }
}

/// The size of the database's pages, as its own first page has it; none where that is no size.
fn page_size(path: &Path) -> io::Result<Option<usize>> {
    let mut size = [0; 2];
    match File::open(path)?.read_exact_at(&mut size, 16) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
        Err(error) => return Err(error),
    }
    // 65536 does not fit and is written as 1.
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
fn behind_damage(log: &File, header: &Header, page_size: Option<usize>) -> io::Result<Option<String>> {
    let mut frames = Frames::of(log, header.page_size)?;
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
                "frame {bad} is bad, and the commit that ends with frame {} was on the disk before what follows it",
                before.number
            )));
        }
        let is_valid = frame.page != 0 && frame.salts == header.salts && frame.sum == from_stored;
        if first_bad.is_none() && !is_valid {
            first_bad = Some(frame.number);
        } else if first_bad.is_none() && frame.size_after != 0 && page_size != Some(header.page_size) {
            return Ok(Some(format!(
                "its pages have {} bytes, and those of the database have {}",
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

/// What the next frame is held against.
struct Before {
    number: u64,
    /// The checksum that it has, and the one that it should have.
    stored: Sum,
    computed: Sum,
    /// Whether it says that it ends a commit.
    ends_commit: bool,
    /// Whether that is sure, by its checksum: a power cut can leave a head of two writes, the number of an older commit's
    /// pages before the checksum of a later frame.
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

/// Looks for commits in a log without a valid header. SQLite syncs a new header before the first frame after it, and
/// writes one over a log only when all of that is in the file: either nothing is lost, and the file has each page as the
/// log has it, or the header was damaged later.
fn without_header(log: &File, database: &File, page_size: Option<usize>) -> io::Result<Option<String>> {
    // Without a page size SQLite will refuse the file.
    let Some(page_size) = page_size else {
        return Ok(None);
    };
    let (committed, size) = last_versions(log, page_size)?;
    let (mut logged, mut filed) = (vec![0; page_size], vec![0; page_size]);
    for (page, frame) in committed {
        let is_there = u64::from(page - 1) * (page_size as u64);
        log.read_exact_at(&mut logged, offset(frame, page_size) + FRAME_HEAD as u64)?;
        let read = database.read_exact_at(&mut filed, is_there);
        if page <= size && (read.is_err() || logged != filed) {
            return Ok(Some(format!(
                "its beginning is bad, and the database does not have page {page} as the commit in frame {frame} left it"
            )));
        }
    }
    Ok(None)
}

/// Of each page the last frame that was committed, in the order of the pages, and the size of the database after that,
/// as the frames tell that follow each other from the first.
fn last_versions(log: &File, page_size: usize) -> io::Result<(Vec<(u32, u64)>, u32)> {
    let mut frames = Frames::of(log, page_size)?;
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
        // A frame of no page is none; the next one may be.
        before = (frame.page != 0).then_some(frame);
    }
    let mut committed: Vec<_> = committed.into_iter().filter(|(page, _)| *page != 0).collect();
    committed.sort_unstable();
    Ok((committed, size))
}

/// Which byte order the words of checksums have.
#[derive(Clone, Copy)]
enum Order {
    Little,
    Big,
}

type Sum = (u32, u32);

/// The checksum of `bytes` that goes on from `sum`.
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
    /// The header, if it is one that SQLite takes.
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
    /// From 1 on.
    number: u64,
    page: u32,
    /// Of a commit's last frame, the pages that the database has then; else 0.
    size_after: u32,
    salts: (u32, u32),
    sum: Sum,
}

/// The frames of a log from its first to its last whole one, one at a time.
struct Frames<'a> {
    input: BufReader<&'a File>,
    number: u64,
    head: [u8; FRAME_HEAD],
    page: Vec<u8>,
}

impl<'a> Frames<'a> {
    fn of(log: &'a File, page_size: usize) -> io::Result<Self> {
        let mut input = BufReader::with_capacity(1 << 18, log);
        input.seek(SeekFrom::Start(HEADER as u64))?;
        Ok(Frames {
            input,
            number: 0,
            head: [0; FRAME_HEAD],
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

    /// The checksum of the frame that was read last, going on from `sum`.
    fn sum(&self, order: Order, sum: Sum) -> Sum {
        add(order, add(order, sum, &self.head[..8]), &self.page)
    }
}

/// Where a frame begins.
fn offset(number: u64, page_size: usize) -> u64 {
    HEADER as u64 + (number - 1) * (FRAME_HEAD + page_size) as u64
}

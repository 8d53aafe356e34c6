//! A disk as a recording tells of it: what is surely on it, what may be, and images of what a power cut could have left:
//! of the writes after the last sync any part of them, in sectors, whole or torn; names as far as the folder was synced.

use std::collections::BTreeMap;
use std::path::Path;

use fault_vfs::{Event, FileId};

use crate::harness::Random;

const SECTOR: usize = 512;

/// The files by their names.
pub type Image = BTreeMap<String, Vec<u8>>;

pub fn put(image: &Image, folder: &Path) {
    for (name, content) in image {
        std::fs::write(folder.join(name), content).unwrap();
    }
}

#[derive(Clone, Debug, Default)]
struct File {
    synced: Vec<u8>,
    /// What came since, in order.
    pending: Vec<Change>,
}

#[derive(Clone, Debug)]
enum Change {
    Write(usize, Vec<u8>),
    Truncate(usize),
}

#[derive(Clone, Debug)]
enum Naming {
    Add(String, FileId),
    Remove(String),
}

#[derive(Clone, Debug, Default)]
pub struct Disk {
    files: BTreeMap<FileId, File>,
    names: BTreeMap<String, FileId>,
    namings: Vec<Naming>,
}

/// How much of what may be on the disk is there.
#[derive(Clone, Copy, Debug)]
pub struct Loss {
    /// Of a hundred sectors.
    kept: usize,
    /// Of a hundred sectors that are kept.
    torn: usize,
    /// All that came up to a place in each file, and nothing after: the order is kept.
    in_order: bool,
}

impl Loss {
    pub fn random(random: &mut Random) -> Self {
        const KEPT: [usize; 8] = [0, 3, 20, 50, 80, 97, 99, 100];
        Loss {
            kept: KEPT[random.below(KEPT.len())],
            torn: [0, 0, 5, 50][random.below(4)],
            in_order: random.percent(20),
        }
    }
}

impl Disk {
    pub fn apply(&mut self, event: &Event) {
        match event {
            Event::Made(file, name) => {
                self.files.insert(*file, File::default());
                self.namings.push(Naming::Add(name.clone(), *file));
            }
            Event::Found(file, name, content) => {
                let synced = content.clone();
                let pending = Vec::new();
                self.files.insert(*file, File { synced, pending });
                self.names.insert(name.clone(), *file);
            }
            // The program does this by itself, and syncs the folder before it opens the file.
            Event::Renamed(file, name) => {
                self.sync_names();
                self.names.retain(|_, other| other != file);
                self.names.insert(name.clone(), *file);
            }
            Event::Write(file, offset, bytes) => {
                let offset = usize::try_from(*offset).unwrap();
                self.change(*file, Change::Write(offset, bytes.clone()));
            }
            Event::Truncate(file, size) => self.change(*file, Change::Truncate(usize::try_from(*size).unwrap())),
            Event::Sync(file, folder_too) => {
                self.file(*file).sync();
                if *folder_too {
                    self.sync_names();
                }
            }
            Event::SyncFailed(file) => self.file(*file).pending.clear(),
            Event::Delete(name, synced) => {
                self.namings.push(Naming::Remove(name.clone()));
                if *synced {
                    self.sync_names();
                }
            }
            Event::Mark(_) => {}
        }
    }

    fn file(&mut self, file: FileId) -> &mut File {
        self.files.get_mut(&file).expect("it was made or found")
    }

    fn change(&mut self, file: FileId, change: Change) {
        self.file(file).pending.push(change);
    }

    fn sync_names(&mut self) {
        for naming in std::mem::take(&mut self.namings) {
            rename(&mut self.names, &naming);
        }
        let names = &self.names;
        self.files.retain(|file, _| names.values().any(|named| named == file));
    }

    /// With all that was written.
    pub fn whole(&self) -> Image {
        let mut names = self.names.clone();
        for naming in &self.namings {
            rename(&mut names, naming);
        }
        self.image(&names, |file| {
            let mut file = file.clone();
            file.sync();
            file.synced
        })
    }

    /// What a power cut could have left.
    pub fn cut(&self, loss: Loss, random: &mut Random) -> Image {
        let mut names = self.names.clone();
        // A folder's changes reach the disk in their order.
        for naming in &self.namings[..random.below(self.namings.len() + 1)] {
            rename(&mut names, naming);
        }
        self.image(&names, |file| file.cut(loss, random))
    }

    /// What is surely there.
    pub fn sure(&self) -> Image {
        self.image(&self.names, |file| file.synced.clone())
    }

    fn image(&self, names: &BTreeMap<String, FileId>, mut content: impl FnMut(&File) -> Vec<u8>) -> Image {
        let files = names
            .iter()
            .map(|(name, file)| (name.clone(), content(&self.files[file])));
        files.collect()
    }
}

fn rename(names: &mut BTreeMap<String, FileId>, naming: &Naming) {
    match naming {
        Naming::Add(name, file) => names.insert(name.clone(), *file),
        Naming::Remove(name) => names.remove(name),
    };
}

impl File {
    fn sync(&mut self) {
        for change in std::mem::take(&mut self.pending) {
            match change {
                Change::Write(offset, bytes) => overwrite(&mut self.synced, offset, &bytes),
                Change::Truncate(size) => self.synced.truncate(size),
            }
        }
    }

    fn cut(&self, loss: Loss, random: &mut Random) -> Vec<u8> {
        let mut content = self.synced.clone();
        let end = match loss.in_order {
            true => random.below(self.pending.len() + 1),
            false => self.pending.len(),
        };
        for change in &self.pending[..end] {
            match change {
                Change::Write(offset, bytes) if loss.in_order => overwrite(&mut content, *offset, bytes),
                Change::Write(offset, bytes) => put_some(&mut content, *offset, bytes, loss, random),
                Change::Truncate(size) => {
                    if loss.in_order || random.percent(loss.kept.clamp(10, 90)) {
                        content.truncate(*size);
                    }
                }
            }
        }
        content
    }
}

fn overwrite(content: &mut Vec<u8>, offset: usize, bytes: &[u8]) {
    let end = offset + bytes.len();
    if content.len() < end {
        content.resize(end, 0);
    }
    content[offset..end].copy_from_slice(bytes);
}

/// Puts some of the sectors of a write. The file may grow by all of it even so, and is empty where nothing was put.
fn put_some(content: &mut Vec<u8>, offset: usize, bytes: &[u8], loss: Loss, random: &mut Random) {
    let mut start = 0;
    while start < bytes.len() {
        let end = bytes.len().min(start + SECTOR - (offset + start) % SECTOR);
        if random.percent(loss.kept) {
            let (mut from, mut to) = (start, end);
            if random.percent(loss.torn) {
                let middle = start + random.below(end - start);
                match random.percent(50) {
                    true => from = middle,
                    false => to = middle,
                }
            }
            overwrite(content, offset + from, &bytes[from..to]);
        }
        start = end;
    }
    let end = offset + bytes.len();
    if content.len() < end && random.percent(loss.kept.clamp(10, 90)) {
        content.resize(end, 0);
    }
}

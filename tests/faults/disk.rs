//! A simulated disk, built from recorded events. It knows what is synced and what is pending, and makes images of what
//! a power cut could leave: any subset of the pending writes, by sectors, which may be torn, and any prefix of the
//! changes to the folder's names.

use std::collections::BTreeMap;
use std::path::Path;

use fault_vfs::{Event, FileId};
use test_support::random::Random;

const SECTOR: usize = 512;

/// Files by name.
pub type Image = BTreeMap<String, Vec<u8>>;

/// Writes an image into a folder.
pub fn write_image(image: &Image, folder: &Path) {
    for (name, content) in image {
        std::fs::write(folder.join(name), content).unwrap();
    }
}

#[derive(Clone, Debug, Default)]
struct File {
    synced: Vec<u8>,
    /// The changes since the last sync, in order.
    pending: Vec<Change>,
}

#[derive(Clone, Debug)]
enum Change {
    Write(usize, Vec<u8>),
    Truncate(usize),
}

#[derive(Clone, Debug)]
enum NameChange {
    Add(String, FileId),
    Remove(String),
}

#[derive(Clone, Debug, Default)]
pub struct Disk {
    files: BTreeMap<FileId, File>,
    names: BTreeMap<String, FileId>,
    pending_names: Vec<NameChange>,
}

/// How much of the pending changes reaches the disk.
#[derive(Clone, Copy, Debug)]
pub struct Loss {
    /// The percentage of sectors that are kept.
    kept: usize,
    /// The percentage of kept sectors that are torn.
    torn: usize,
    /// Whether each file keeps a prefix of its changes, instead of any subset.
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
            Event::Created(file, name) => {
                self.files.insert(*file, File::default());
                self.pending_names.push(NameChange::Add(name.clone(), *file));
            }
            Event::Existing(file, name, content) => {
                let synced = content.clone();
                let pending = Vec::new();
                self.files.insert(*file, File { synced, pending });
                self.names.insert(name.clone(), *file);
            }
            // The program renames the file itself, and syncs the folder before it opens the file.
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
            Event::Sync(file, and_folder) => {
                self.file(*file).sync();
                if *and_folder {
                    self.sync_names();
                }
            }
            Event::SyncFailed(file) => self.file(*file).pending.clear(),
            Event::Delete(name, synced) => {
                self.pending_names.push(NameChange::Remove(name.clone()));
                if *synced {
                    self.sync_names();
                }
            }
            Event::Mark(_) => {}
        }
    }

    fn file(&mut self, file: FileId) -> &mut File {
        self.files.get_mut(&file).expect("the file was created or existed")
    }

    fn change(&mut self, file: FileId, change: Change) {
        self.file(file).pending.push(change);
    }

    fn sync_names(&mut self) {
        for change in std::mem::take(&mut self.pending_names) {
            rename(&mut self.names, &change);
        }
        let names = &self.names;
        self.files.retain(|file, _| names.values().any(|named| named == file));
    }

    /// With everything that was written.
    pub fn everything(&self) -> Image {
        let mut names = self.names.clone();
        for change in &self.pending_names {
            rename(&mut names, change);
        }
        self.image(&names, |file| {
            let mut file = file.clone();
            file.sync();
            file.synced
        })
    }

    /// What a power cut could leave.
    pub fn after_power_cut(&self, loss: Loss, random: &mut Random) -> Image {
        let mut names = self.names.clone();
        // Changes to names reach the disk in order.
        for change in &self.pending_names[..random.below(self.pending_names.len() + 1)] {
            rename(&mut names, change);
        }
        self.image(&names, |file| file.after_power_cut(loss, random))
    }

    /// Only what is synced.
    pub fn synced(&self) -> Image {
        self.image(&self.names, |file| file.synced.clone())
    }

    fn image(&self, names: &BTreeMap<String, FileId>, mut content: impl FnMut(&File) -> Vec<u8>) -> Image {
        let files = names
            .iter()
            .map(|(name, file)| (name.clone(), content(&self.files[file])));
        files.collect()
    }
}

fn rename(names: &mut BTreeMap<String, FileId>, change: &NameChange) {
    match change {
        NameChange::Add(name, file) => names.insert(name.clone(), *file),
        NameChange::Remove(name) => names.remove(name),
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

    fn after_power_cut(&self, loss: Loss, random: &mut Random) -> Vec<u8> {
        let mut content = self.synced.clone();
        let end = match loss.in_order {
            true => random.below(self.pending.len() + 1),
            false => self.pending.len(),
        };
        for change in &self.pending[..end] {
            match change {
                Change::Write(offset, bytes) if loss.in_order => overwrite(&mut content, *offset, bytes),
                Change::Write(offset, bytes) => overwrite_some(&mut content, *offset, bytes, loss, random),
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

/// Applies some of the sectors of a write. The file may still grow to the write's end; missing sectors are zeros.
fn overwrite_some(content: &mut Vec<u8>, offset: usize, bytes: &[u8], loss: Loss, random: &mut Random) {
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

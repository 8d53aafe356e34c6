//! `openapi`: prints the API's description, for generators and linters.

use std::io::{self, Write as _};

use super::Place;
use crate::error::Failure;
use crate::http::{Settings, openapi};

pub fn print(place: Place) -> Result<(), Failure> {
    let settings = Settings {
        base_path: place.base_path,
        public_url: place.public_url,
        ..Settings::default()
    };
    let document = openapi::document(&settings);
    let mut out = io::stdout().lock();
    let printed = serde_json::to_writer_pretty(&mut out, &document).map_err(io::Error::from);
    printed
        .and_then(|()| writeln!(out))
        .map_err(|error| Failure::new(format!("cannot write the description: {error}")))
}

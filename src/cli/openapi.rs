//! `openapi`: prints the API's description, for generators and linters.

use super::Place;
use super::output::print;
use crate::api::{openapi, routes};
use crate::error::Failure;
use crate::http::Settings;

pub fn run(place: Place) -> Result<(), Failure> {
    let settings = Settings {
        base_path: place.base_path,
        public_url: place.public_url,
        ..Settings::default()
    };
    print(format_args!("{:#}\n", openapi::document(&routes(), &settings)))
}

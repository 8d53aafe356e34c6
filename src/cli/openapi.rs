//! `openapi`: prints the API's description, for generators and linters.

use super::args::ApiUrl;
use super::output::print;
use crate::api::{openapi, routes};
use crate::error::Failure;
use crate::http::Settings;

pub fn run(url: ApiUrl) -> Result<(), Failure> {
    let settings = Settings {
        base_path: url.base_path,
        public_url: url.public_url,
        ..Settings::default()
    };
    print(format_args!("{:#}\n", openapi::document(&routes(), &settings)))
}

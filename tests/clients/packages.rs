//! The npm package of the JavaScript client. `scripts/clients` checks the other packages and all types, with tools that
//! are less common.

use crate::test_bed::{JAVASCRIPT, TestBed, is_installed, succeed};

#[test]
fn the_javascript_package_installs_and_lists_groups() {
    if !JAVASCRIPT.is_installed() || !is_installed("npm --version", "npm") {
        return;
    }
    let bed = TestBed::new();
    let folder = bed.folder.path("app");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("package.json"), r#"{"name": "app", "type": "module"}"#).unwrap();
    let client = JAVASCRIPT.folder();
    let packed = succeed(
        bed.command("npm", &["pack", "--silent", "--offline", client.to_str().unwrap()])
            .current_dir(&folder),
    );
    let install = ["install", "--silent", "--offline", "--no-audit", packed.trim()];
    succeed(bed.command("npm", &install).current_dir(&folder));
    let program = "import ApiClient from '@example/protocol-api'
        const page = await new ApiClient(process.env.PROTOCOL_API_TOKEN).groups.list()
        console.log(page.data[0].name)";
    let stdout = succeed(
        bed.command("node", &["--input-type=module", "-e", program])
            .current_dir(&folder),
    );
    assert_eq!(stdout, "Plaza Hotel\n");
    let types = folder.join("node_modules/@example/protocol-api/src/index.d.ts");
    assert!(types.exists(), "the package lacks its type declarations");
}

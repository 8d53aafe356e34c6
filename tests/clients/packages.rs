//! The package of the JavaScript client as npm makes it. Those of the others, and the types of all, are for
//! `scripts/clients`, as their tools are not everywhere.

use crate::site::{JAVASCRIPT, Site, is_there, succeed};

#[test]
fn the_javascript_package_installs_and_lists_groups() {
    if !JAVASCRIPT.is_there() || !is_there("npm --version", "npm") {
        return;
    }
    let site = Site::new();
    let folder = site.folder.path("app");
    std::fs::create_dir(&folder).unwrap();
    std::fs::write(folder.join("package.json"), r#"{"name": "app", "type": "module"}"#).unwrap();
    let client = JAVASCRIPT.folder();
    let packed = succeed(
        site.command("npm", &["pack", "--silent", "--offline", client.to_str().unwrap()])
            .current_dir(&folder),
    );
    let install = ["install", "--silent", "--offline", "--no-audit", packed.trim()];
    succeed(site.command("npm", &install).current_dir(&folder));
    let program = "import ApiClient from '@example/protocol-api'
        const page = await new ApiClient(process.env.PROTOCOL_API_TOKEN).groups.list()
        console.log(page.data[0].name)";
    let said = succeed(
        site.command("node", &["--input-type=module", "-e", program])
            .current_dir(&folder),
    );
    assert_eq!(said, "Plaza Hotel\n");
    let types = folder.join("node_modules/@example/protocol-api/src/index.d.ts");
    assert!(types.exists(), "the types are not in the package");
}

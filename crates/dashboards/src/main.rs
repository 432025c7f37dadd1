//! Writes the dashboards and alert rules to the folder that is named.

use std::path::Path;
use std::process::ExitCode;

fn main() -> ExitCode {
    let Some(folder) = std::env::args_os().nth(1) else {
        eprintln!("usage: dashboards FOLDER");
        return ExitCode::FAILURE;
    };
    match write(Path::new(&folder)) {
        Ok(count) => {
            println!("{count} files written to {}", Path::new(&folder).display());
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("dashboards: {error}");
            ExitCode::FAILURE
        }
    }
}

fn write(folder: &Path) -> Result<usize, Box<dyn std::error::Error>> {
    let files = dashboards::files()?;
    for part in ["dashboards", "alerts"] {
        std::fs::create_dir_all(folder.join(part))?;
    }
    for file in &files {
        std::fs::write(folder.join(&file.path), &file.text)?;
    }
    Ok(files.len())
}

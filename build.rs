//! Bakes commit and date into the plugin description that `gst-inspect-1.0` shows, and makes
//! ADM's kernels for AVX-512.

use std::path::Path;
use std::{env, fs, io};

fn main() -> io::Result<()> {
    gst_plugin_version_helper::info();
    kernels_for_avx512(Path::new("src/features"))
}

const AVX2: &str = r#"enable = "avx2,fma""#;
const AVX512: &str = r#"enable = "avx2,fma,bmi1,bmi2,lzcnt,popcnt,avx512f,avx512bw,avx512cd,avx512dq,avx512vl,avx512vnni""#;

/// Writes ADM's AVX2 kernels out once more for AVX-512, for twice the registers and dot products that
/// add up in one instruction: an attribute cannot be a parameter.
fn kernels_for_avx512(features: &Path) -> io::Result<()> {
    let out = env::var_os("OUT_DIR").ok_or_else(|| io::Error::other("OUT_DIR is not set"))?;
    let read = |file: &str| -> io::Result<String> {
        let path = features.join(file);
        println!("cargo::rerun-if-changed={}", path.display());
        let text = fs::read_to_string(path)?;
        let code = text.split("#[cfg(test)]").next().unwrap_or_default();
        let code = code.lines().filter(|line| !line.starts_with("//!") && !line.starts_with("#!["));
        Ok(code.collect::<Vec<_>>().join("\n"))
    };
    let write = |name: &str, code: String| {
        let code = code
            .replace(AVX2, AVX512)
            .replace("use crate::features::cpu::Avx2;", "use crate::features::cpu::Avx512 as Avx2;")
            .replace("features::lanes", "features::lanes_avx512");
        fs::write(Path::new(&out).join(name), code)
    };
    let module = |folder: &str, names: &[&str]| -> io::Result<String> {
        names.iter().try_fold(read(&format!("{folder}/mod.rs"))?, |all, name| {
            let code = read(&format!("{folder}/{name}.rs"))?;
            Ok(all.replace(&format!("mod {name};\n"), &format!("mod {name} {{\n{code}\n}}\n")))
        })
    };
    write("adm_avx512.rs", module("adm/avx2", &["direction", "first", "later"])?)?;
    write("lanes_avx512.rs", read("lanes.rs")?)
}

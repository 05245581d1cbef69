//! The one place that asks what the processor can do.
#![allow(unsafe_code, reason = "code for an instruction set may run only where it exists")]

use std::sync::LazyLock;

/// Instruction sets the kernels are compiled for, weakest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// What every processor of the architecture has.
    Scalar,
    /// x86-64 with AVX2, FMA and BMI.
    Avx2,
    /// x86-64 with the AVX-512 sets of server and desktop processors since 2020, VNNI included.
    Avx512,
}

/// Lowers the level [`Level::detected`] gives.
pub const CPU_VARIABLE: &str = "VMAFTINY_CPU";

static DETECTED: LazyLock<Level> = LazyLock::new(|| {
    let asked = std::env::var(CPU_VARIABLE).ok().and_then(|name| Level::from_name(&name));
    asked.map_or(Level::supported(), |level| level.min(Level::supported()))
});

impl Level {
    /// The best level of this processor, or the lower one that the environment variable
    /// `VMAFTINY_CPU` names: `scalar`, `avx2` or `avx512`. Asked once per process.
    pub fn detected() -> Self {
        *DETECTED
    }

    /// Levels this processor has, weakest first.
    pub fn available() -> impl Iterator<Item = Self> {
        let all = [Self::Scalar, Self::Avx2, Self::Avx512];
        all.into_iter().filter(|level| *level <= Self::supported())
    }

    /// As `VMAFTINY_CPU` writes it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Scalar => "scalar",
            Self::Avx2 => "avx2",
            Self::Avx512 => "avx512",
        }
    }

    fn from_name(name: &str) -> Option<Self> {
        [Self::Scalar, Self::Avx2, Self::Avx512].into_iter().find(|level| level.name() == name)
    }

    #[cfg(target_arch = "x86_64")]
    pub(super) fn supported() -> Self {
        macro_rules! has {
            ($($feature:tt)*) => { $(is_x86_feature_detected!($feature) &&)* true };
        }
        if !has!("avx2" "fma" "bmi1" "bmi2" "lzcnt" "popcnt") {
            Self::Scalar
        } else if has!("avx512f" "avx512bw" "avx512cd" "avx512dq" "avx512vl" "avx512vnni") {
            Self::Avx512
        } else {
            Self::Avx2
        }
    }

    #[cfg(not(target_arch = "x86_64"))]
    pub(super) fn supported() -> Self {
        Self::Scalar
    }

    /// Runs a kernel compiled for this level; for a lower one where the processor lacks it.
    #[inline]
    pub(super) fn run<K: Kernel>(self, kernel: K) -> K::Output {
        #[cfg(target_arch = "x86_64")]
        match self.min(Self::supported()) {
            // SAFETY: `supported` found every feature of the level
            Self::Avx512 => return unsafe { run_avx512(kernel, Avx512(Avx2(()))) },
            // SAFETY: as above
            Self::Avx2 => return unsafe { run_avx2(kernel, Avx2(())) },
            Self::Scalar => {}
        }
        run_portable(kernel)
    }
}

/// A loop over a picture, compiled once for each level.
pub(super) trait Kernel {
    type Output;

    /// Must be `#[inline(always)]`, and so must everything it calls, to be compiled for the level
    /// it is run at.
    fn run(self) -> Self::Output;

    /// The same written for AVX2 and FMA, where that is worth it.
    #[cfg(target_arch = "x86_64")]
    #[inline(always)]
    fn run_avx2(self, _: Avx2) -> Self::Output
    where
        Self: Sized,
    {
        self.run()
    }

    /// The same compiled for AVX-512, where that is worth it.
    #[cfg(target_arch = "x86_64")]
    #[inline(always)]
    fn run_avx512(self, proof: Avx512) -> Self::Output
    where
        Self: Sized,
    {
        self.run_avx2(proof.0)
    }
}

/// Proof that the processor has AVX2 and FMA: only this file can make one.
#[cfg(target_arch = "x86_64")]
#[derive(Clone, Copy)]
pub(super) struct Avx2(());

/// Proof that the processor has everything of [`Level::Avx512`].
#[cfg(target_arch = "x86_64")]
#[derive(Clone, Copy)]
pub(super) struct Avx512(Avx2);

// a function of its own for each kernel, or callers would swell with all of them
#[inline(never)]
fn run_portable<K: Kernel>(kernel: K) -> K::Output {
    kernel.run()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma,bmi1,bmi2,lzcnt,popcnt")]
fn run_avx2<K: Kernel>(kernel: K, proof: Avx2) -> K::Output {
    kernel.run_avx2(proof)
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma,bmi1,bmi2,lzcnt,popcnt")]
#[target_feature(enable = "avx512f,avx512bw,avx512cd,avx512dq,avx512vl,avx512vnni")]
fn run_avx512<K: Kernel>(kernel: K, proof: Avx512) -> K::Output {
    kernel.run_avx512(proof)
}

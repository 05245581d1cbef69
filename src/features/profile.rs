/// How closely features follow their definition.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Profile {
    /// Every pixel: libvmaf's values within 5e-5.
    #[default]
    Exact,
    /// VIF's finest scale on every fourth row and column, from 1080 lines up the next one on every
    /// second; where the grid starts changes from frame to frame. Below 360 lines the same as
    /// [`Self::Exact`]. `adm2`, `motion2` and the coarser scales of VIF are always exact.
    Fast,
}

impl Profile {
    /// The profile of a [name](Self::name).
    pub fn named(name: &str) -> Option<Self> {
        [Self::Exact, Self::Fast].into_iter().find(|profile| profile.name() == name)
    }

    /// As properties, options and reports write it: `exact` or `fast`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Fast => "fast",
        }
    }

    /// Distance of the measured rows and columns of VIF's four scales, for pictures of `height`.
    pub(super) fn steps(self, height: usize) -> [usize; 4] {
        match self {
            // at 720 lines the next scale has too few pixels to be sampled: errors of 0.02 VMAF
            Self::Fast if height >= 1080 => [4, 2, 1, 1],
            Self::Fast if height >= 360 => [4, 1, 1, 1],
            _ => [1; 4],
        }
    }
}

//! Choices that the command's flags and the MCP tools' arguments have in common.

use gstvmaftiny::features::Profile;

use crate::pairs::By;

/// How frames are paired.
#[derive(Clone, Copy, Debug, Default)]
#[cfg_attr(feature = "command", derive(clap::ValueEnum))]
#[cfg_attr(feature = "mcp", derive(serde::Deserialize, rmcp::schemars::JsonSchema))]
#[cfg_attr(feature = "mcp", serde(rename_all = "lowercase"))]
#[cfg_attr(feature = "mcp", schemars(crate = "rmcp::schemars"))]
pub(crate) enum Align {
    /// frames if a file is raw or frames are left out; else by time, and by the offset that the
    /// pictures tell
    #[default]
    Auto,
    /// By when they are shown
    Timestamps,
    /// By number
    Frames,
}

impl Align {
    pub(crate) fn by(self) -> Option<By> {
        match self {
            Self::Auto => None,
            Self::Timestamps => Some(By::Time),
            Self::Frames => Some(By::Number),
        }
    }
}

/// How exactly features are measured.
#[derive(Clone, Copy, Debug, Default)]
#[cfg_attr(feature = "command", derive(clap::ValueEnum))]
#[cfg_attr(feature = "mcp", derive(serde::Deserialize, rmcp::schemars::JsonSchema))]
#[cfg_attr(feature = "mcp", serde(rename_all = "lowercase"))]
#[cfg_attr(feature = "mcp", schemars(crate = "rmcp::schemars"))]
pub(crate) enum FeatureProfile {
    /// Every pixel, within 5e-5
    #[default]
    Exact,
    /// VIF's finest scales on a grid of pixels from 360 lines up: about half the time
    Fast,
}

impl From<FeatureProfile> for Profile {
    fn from(profile: FeatureProfile) -> Self {
        match profile {
            FeatureProfile::Exact => Self::Exact,
            FeatureProfile::Fast => Self::Fast,
        }
    }
}
